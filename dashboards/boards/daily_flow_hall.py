"""Panels of Flux du jour: who waits, how long, and which devices tell us."""

from __future__ import annotations

from grafana_foundation_sdk.builders import stat, table, timeseries

from dashboards.columns import by_state, by_steps, filled, in_unit, wide
from dashboards.palette import ACT, BLUE, FINE, GREY, ORANGE, VERMILION, WATCH
from dashboards.panels import (
    coloured,
    named,
    overridden,
    sized,
    stat_panel,
    table_panel,
    timeseries_panel,
)
from dashboards.query import Query
from dashboards.steps import HELD_BACK, WAIT_S
from dashboards.style import Style
from dashboards.units import DURATION
from schemas.queries import load_queries

_SQL = load_queries("dashboards", "sql/daily_flow.sql")


def hall_now_stat(style: Style) -> stat.Panel:
    """Waiting, called, and the longest wait at this moment."""
    name = "hall_now"
    panel = stat_panel(style, name, Query(_SQL[name]), unit="none")
    panel = coloured(coloured(panel, "waiting", BLUE), "called", GREY)
    panel = by_steps(in_unit(panel, DURATION, "longest_wait_s"), "longest_wait_s", WAIT_S)
    return sized(named(style, panel, name, "waiting", "called", "longest_wait_s"), 8, 5)


def last_hour_waits_stat(style: Style) -> stat.Panel:
    """How long those waited who were called in the last hour."""
    name = "last_hour_waits"
    panel = stat_panel(style, name, Query(_SQL[name]), unit=DURATION)
    panel = by_steps(by_steps(panel, "p50_s", WAIT_S), "p90_s", WAIT_S)
    panel = coloured(in_unit(panel, "none", "calls"), "calls", GREY)
    return sized(named(style, panel, name, "p50_s", "p90_s", "calls"), 6, 5)


def waits_by_hour_timeseries(style: Style) -> timeseries.Panel:
    """Median and ninth decile by hour of arrival, with the threshold."""
    name = "waits_by_hour"
    query = Query(_SQL[name], "time_series")
    panel = timeseries_panel(style, name, query, unit="s").axis_soft_min(0)
    panel = overridden(
        panel,
        "threshold_s",
        custom__lineStyle={"fill": "dash", "dash": [4, 6]},
        custom__lineWidth=1,
        custom__showPoints="never",
    )
    for series, colour in (("p50_s", BLUE), ("p90_s", ORANGE), ("threshold_s", VERMILION)):
        panel = coloured(panel, series, colour)
    return sized(named(style, panel, name, "p50_s", "p90_s", "threshold_s"), 12, 9)


def waiting_by_service_table(style: Style) -> table.Panel:
    """Each service's queue, the longest wait first."""
    name = "waiting_by_service"
    panel = table_panel(style, name, Query(_SQL[name]))
    panel = by_steps(in_unit(panel, DURATION, "longest_wait_s"), "longest_wait_s", WAIT_S)
    panel = filled(panel, "longest_wait_s")
    columns = ("directorate", "service", "waiting", "called", "longest_wait_s")
    return sized(named(style, panel, name, *columns), 12, 9)


def devices_table(style: Style) -> table.Panel:
    """Each kiosk, reception and desk device: silent ones first."""
    name = "devices"
    states = {"heard": FINE, "off": GREY, "silent": ACT, "never": WATCH}
    kinds = {"kiosk": None, "reception": None, "desk": None}
    panel = table_panel(style, name, Query(_SQL[name]))
    panel = by_state(style, panel, name, "state", states)
    panel = by_state(style, panel, name, "kind", kinds)
    panel = overridden(panel, "last_received_at", unit="dateTimeFromNow")
    panel = in_unit(panel, DURATION, "silent_s")
    panel = by_steps(panel, "outbox_depth", HELD_BACK)
    panel = by_steps(panel, "gaps", HELD_BACK)
    panel = filled(panel, "state", "outbox_depth", "gaps")
    panel = named(
        style,
        panel,
        name,
        "state",
        "device",
        "kind",
        "last_received_at",
        "silent_s",
        "outbox_depth",
        "gaps",
    )
    return sized(wide(panel, [("state", 180), ("kind", 140)]), 24, 8)
