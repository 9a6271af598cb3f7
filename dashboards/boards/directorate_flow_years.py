"""Panels of the board of flow by directorate: totals, and the year before."""

from __future__ import annotations

from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.models import common

from dashboards.boards.directorate_flow_queries import as_it_stands, of_both_years, of_period
from dashboards.columns import column, worded
from dashboards.palette import BLUE, ORANGE
from dashboards.panels import (
    fixed,
    sized,
    stat_panel,
    table_panel,
    timeseries_panel,
)
from dashboards.style import Style
from dashboards.units import COUNT, SECONDS, SHARE


def period_totals_stat(style: Style) -> stat.Panel:
    """The figures of the whole period, one tile each."""
    name = "directorate_flow.period_totals"
    panel = stat_panel(
        style,
        name,
        of_period("period_totals"),
        as_it_stands("period_coverage", ref_id="B"),
        unit=COUNT,
    ).color_mode(common.BigValueColorMode.NONE)
    for one in ("passages", "persons", "served", "open_days"):
        panel = column(style, panel, name, one)
    for one in ("lost_share", "coverage"):
        panel = column(style, panel, name, one, unit=SHARE, decimals=1)
    for one in ("mean_wait", "p90_wait"):
        panel = column(style, panel, name, one, unit=SECONDS, decimals=1)
    return sized(panel, 24, 4)


def compared_years_table(style: Style) -> table.Panel:
    """Comparable days of the period above the same days of the year before."""
    name = "directorate_flow.compared_years"
    panel = table_panel(style, name, of_both_years("compared_years"), unit=COUNT)
    panel = panel.no_value(style.say("directorate_flow.no_comparison"))
    panel = worded(style, panel, name, "year", "now", "before")
    for one in ("days", "passages"):
        panel = column(style, panel, name, one)
    for one in ("passages_per_day", "persons_per_day", "served_per_day"):
        panel = column(style, panel, name, one, decimals=1)
    panel = column(style, panel, name, "lost_share", unit=SHARE, decimals=1)
    for one in ("mean_wait", "p90_wait"):
        panel = column(style, panel, name, one, unit=SECONDS, decimals=1)
    return sized(panel, 24, 4)


def change_on_year_stat(style: Style) -> stat.Panel:
    """By how much each figure differs from the year before; words where nothing can be compared."""
    name = "directorate_flow.change_on_year"
    panel = (
        stat_panel(style, name, of_both_years("change_on_year"), unit=SHARE)
        .color_mode(common.BigValueColorMode.NONE)
        .decimals(1)
        .no_value(style.say("directorate_flow.no_comparison"))
    )
    for one in ("passages", "persons", "served", "mean_wait"):
        panel = column(style, panel, name, one)
    points = style.say(f"{name}.points")
    panel = column(style, panel, name, "lost_points", unit=f"suffix: {points}", decimals=1)
    return sized(panel, 24, 4)


def years_by_week_timeseries(style: Style) -> timeseries.Panel:
    """This year and the year before, by ISO week."""
    name = "directorate_flow.years_by_week"
    panel = (
        timeseries_panel(style, name, of_both_years("years_by_week", "time_series"), unit=COUNT)
        .decimals(1)
        .no_value(style.say("directorate_flow.no_comparison"))
        .axis_soft_min(0)
        .show_points(common.VisibilityMode.ALWAYS)
    )
    panel = column(style, panel, name, "this_year", color=fixed(BLUE))
    panel = column(
        style,
        panel,
        name,
        "year_before",
        color=fixed(ORANGE),
        custom__lineStyle={"fill": "dash", "dash": [8, 6]},
    )
    return sized(panel, 12, 12)


def directorates_compared_table(style: Style) -> table.Panel:
    """Each directorate's figures, its share, and how it stands beside the year before."""
    name = "directorate_flow.directorates_compared"
    panel = table_panel(style, name, of_both_years("directorates_compared"), unit=COUNT)
    panel = column(style, panel, name, "directorate", custom__width=90)
    panel = column(style, panel, name, "directorate_name", custom__minWidth=200)
    for one in ("passages", "served"):
        panel = column(style, panel, name, one)
    none = style.say("directorate_flow.no_comparison")
    for one in ("per_day", "per_day_before"):
        panel = column(style, panel, name, one, decimals=1, noValue=none)
    panel = column(style, panel, name, "change", unit=SHARE, decimals=1, noValue=none)
    for one in ("share", "lost_share"):
        panel = column(style, panel, name, one, unit=SHARE, decimals=1)
    panel = column(style, panel, name, "mean_wait", unit=SECONDS, decimals=1)
    return sized(panel, 16, 9)
