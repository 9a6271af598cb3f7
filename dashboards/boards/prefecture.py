"""Vue départementale: all sites side by side."""

from __future__ import annotations

from typing import Any

from grafana_foundation_sdk.builders import barchart, table, timeseries
from grafana_foundation_sdk.models.common import VizOrientation

from dashboards.columns import by_state, by_steps, filled, in_unit, wide
from dashboards.layout import board, row, uid
from dashboards.palette import BLUE, FINE, GREY, ORANGE, SKY
from dashboards.panels import (
    bar_chart_panel,
    coloured,
    named,
    overridden,
    sized,
    table_panel,
    timeseries_panel,
)
from dashboards.query import Query
from dashboards.steps import COVERAGE, DIFFERENCE, SILENT_DEVICES, WAIT_S
from dashboards.style import Style
from dashboards.units import DURATION, SHARE
from dashboards.variables import directorates, sites
from schemas.queries import load_queries

_SQL = load_queries("dashboards", "sql/prefecture.sql")

_COLUMNS = (
    "site_name",
    "state",
    "passages",
    "typical",
    "difference",
    "waiting",
    "longest_wait_s",
    "p90_wait_s",
    "coverage",
    "silent_devices",
    "site",
)


def prefecture(style: Style) -> dict[str, Any]:
    """Where people come and wait today, and where nobody knows."""
    return board(
        style,
        "prefecture",
        row(style.say("prefecture.rows.sites"), sites_table(style)),
        row(
            style.say("prefecture.rows.passages"),
            site_passages_by_hour_timeseries(style),
            site_comparison_bars(style),
        ),
        row(style.say("prefecture.rows.waiting"), waiting_by_site_bars(style)),
        variables=[sites(style), directorates(style)],
        time_from="now/d",
        time_to="now/d",
        refresh="30s",
    )


def sites_table(style: Style) -> table.Panel:
    """A line per site, which leads to the site's own board."""
    name = "sites"
    panel = table_panel(style, name, Query(_SQL["sites"]))
    panel = by_state(style, panel, name, "state", {"open": FINE, "closed": GREY, "over": GREY})
    panel = in_unit(panel, SHARE, "difference", "coverage")
    panel = in_unit(panel, DURATION, "longest_wait_s", "p90_wait_s")
    for column, steps in (
        ("difference", DIFFERENCE),
        ("longest_wait_s", WAIT_S),
        ("p90_wait_s", WAIT_S),
        ("coverage", COVERAGE),
        ("silent_devices", SILENT_DEVICES),
    ):
        panel = filled(by_steps(panel, column, steps), column)
    panel = overridden(
        panel,
        "site_name",
        links=[
            {
                "title": style.say(f"{name}.open"),
                "url": f"/d/{uid('daily_flow')}?var-site=${{__data.fields.site}}"
                "&${directorate:queryparam}&${__url_time_range}",
            }
        ],
    )
    panel = wide(filled(panel, "state"), [("site_name", 300), ("state", 120)])
    return sized(named(style, panel, name, *_COLUMNS), 24, 10)


def site_passages_by_hour_timeseries(style: Style) -> timeseries.Panel:
    """A line per site."""
    name = "site_passages_by_hour"
    query = Query(_SQL["passages_by_hour"], "time_series")
    panel = timeseries_panel(style, name, query, unit="none")
    return sized(panel.decimals(0).axis_soft_min(0), 12, 10)


def site_comparison_bars(style: Style) -> barchart.Panel:
    """Today beside the open day before and the same weekday last week."""
    name = "site_comparison"
    panel = bar_chart_panel(style, name, Query(_SQL["comparison"]), unit="none", x="site_name")
    panel = panel.decimals(0).orientation(VizOrientation.HORIZONTAL)
    for series, colour in (("today", BLUE), ("day_before", ORANGE), ("week_before", GREY)):
        panel = coloured(panel, series, colour)
    return sized(named(style, panel, name, "today", "day_before", "week_before"), 12, 10)


def waiting_by_site_bars(style: Style) -> barchart.Panel:
    """Who waits and who has been called, by site."""
    name = "waiting_by_site"
    panel = bar_chart_panel(style, name, Query(_SQL[name]), unit="none", x="site_name")
    panel = coloured(coloured(panel, "waiting", BLUE), "called", SKY)
    panel = panel.decimals(0).orientation(VizOrientation.HORIZONTAL)
    return sized(named(style, panel, name, "waiting", "called"), 24, 8)
