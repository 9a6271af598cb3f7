"""Panels of Flux du jour: how many came, and whether that is known."""

from __future__ import annotations

from grafana_foundation_sdk.builders import stat, statetimeline, timeseries
from grafana_foundation_sdk.models.common import BarAlignment, BigValueTextMode

from dashboards.columns import by_state
from dashboards.palette import BLUE, FINE, GREY, ORANGE, SKY, UNKNOWN, WATCH
from dashboards.panels import (
    bars_over_time_panel,
    coloured,
    coloured_by_directorate,
    named,
    overridden,
    sized,
    stat_panel,
    state_timeline_panel,
    timeseries_panel,
)
from dashboards.query import Query
from dashboards.steps import COVERAGE
from dashboards.style import Style
from schemas.queries import load_queries

_SQL = load_queries("dashboards", "sql/daily_flow.sql")

CLOSED = "#4A4A4A"


def passages_so_far_stat(style: Style) -> stat.Panel:
    """Counted so far, and what is usual by now."""
    name = "passages_so_far"
    panel = stat_panel(style, name, Query(_SQL[name]), unit="none")
    panel = named(style, panel, name, "passages", "typical", "day_before", "days")
    panel = coloured(panel, "passages", BLUE)
    for column in ("typical", "day_before", "days"):
        panel = coloured(panel, column, GREY)
    return sized(panel, 10, 5)


def trust_stat(style: Style) -> stat.Panel:
    """A sentence on whether the numbers are complete."""
    name = "trust"
    states = {"0": CLOSED, "1": FINE, "2": SKY, "3": WATCH, "4": UNKNOWN}
    panel = stat_panel(style, name, Query(_SQL[name]), unit="none")
    panel = panel.text_mode(BigValueTextMode.VALUE)
    return sized(by_state(style, panel, name, "trust", states), 16, 4)


def coverage_so_far_stat(style: Style) -> stat.Panel:
    """The share of today's open hours that devices vouch for."""
    name = "coverage_so_far"
    panel = stat_panel(style, name, Query(_SQL[name]), unit="percentunit", steps=COVERAGE)
    return sized(panel.decimals(0).text_mode(BigValueTextMode.VALUE), 8, 4)


def passages_by_hour_bars(style: Style) -> timeseries.Panel:
    """A stack per hour, a colour per directorate."""
    name = "passages_by_hour"
    query = Query(_SQL[name], "time_series")
    panel = bars_over_time_panel(style, name, query, unit="none")
    panel = coloured_by_directorate(style, panel.bar_alignment(BarAlignment.AFTER))
    return sized(panel.decimals(0), 12, 9)


def passages_against_typical_timeseries(style: Style) -> timeseries.Panel:
    """Today's hours on the band of comparable days."""
    name = "passages_against_typical"
    query = Query(_SQL[name], "time_series")
    panel = timeseries_panel(style, name, query, unit="none").decimals(0).axis_soft_min(0)
    # The lower edge keeps its own name: by that the upper one is filled down to it.
    panel = overridden(
        panel,
        "p10",
        custom__lineWidth=0,
        custom__showPoints="never",
        custom__hideFrom={"legend": True, "tooltip": False, "viz": False},
    )
    panel = overridden(
        panel,
        "p90",
        custom__lineWidth=0,
        custom__showPoints="never",
        custom__fillBelowTo="p10",
        custom__fillOpacity=25,
    )
    panel = overridden(panel, "median", custom__lineStyle={"fill": "dash", "dash": [8, 6]})
    panel = overridden(panel, "day_before", custom__lineWidth=1)
    panel = overridden(panel, "today", custom__lineWidth=3)
    for series, colour in (
        ("p10", GREY),
        ("p90", GREY),
        ("median", GREY),
        ("day_before", ORANGE),
        ("today", BLUE),
    ):
        panel = coloured(panel, series, colour)
    panel = named(style, panel, name, "p90", "median", "day_before", "today")
    return sized(panel, 12, 9)


def hour_states_timeline(style: Style) -> statetimeline.Panel:
    """Each hour: final, provisional, unknown or closed."""
    name = "hour_states"
    states = {"final": FINE, "provisional": SKY, "unknown": UNKNOWN, "closed": CLOSED}
    panel = state_timeline_panel(style, name, Query(_SQL[name]), states=states)
    panel = named(style, panel, name, "state")
    return sized(panel.row_height(0.9).line_width(1), 24, 4)
