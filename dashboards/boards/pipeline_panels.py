"""Panels of the board of the chain's state: devices, refusals, restatements, what is left over."""

from __future__ import annotations

from grafana_foundation_sdk.builders import statetimeline as timeline
from grafana_foundation_sdk.builders import table, timeseries

from dashboards.columns import by_steps, column, filled, worded
from dashboards.palette import (
    ACT,
    BLUE,
    FINE,
    GREEN,
    ORANGE,
    PINK,
    SKY,
    WATCH,
)
from dashboards.panels import (
    bars_over_time_panel,
    fixed,
    share_timeline_panel,
    sized,
    table_panel,
)
from dashboards.query import Query
from dashboards.steps import COVERAGE, HELD_BACK
from dashboards.style import Style
from dashboards.units import BYTES, COUNT, INSTANT, SECONDS
from schemas.queries import load_queries

_SQL = load_queries("dashboards", "sql/pipeline.sql")


KINDS = ("kiosk", "reception", "desk", "gateway")
CAUSES = {
    "late_event": ORANGE,
    "correction": BLUE,
    "clock_repair": SKY,
    "replayed_dead_letter": GREEN,
    "rebuild": PINK,
}
MISSING = ((None, FINE), (1, WATCH), (100, ACT))
RESTATEMENTS_FROM = "30d"
"""What was restated is looked at by days, whatever the board shows."""


def device_coverage_timeline(style: Style) -> timeline.Panel:
    """When each device was able to record."""
    query = Query(_SQL["device_coverage"], "time_series")
    return sized(
        share_timeline_panel(style, "pipeline.device_coverage", query, steps=COVERAGE), 24, 14
    )


def devices_table(style: Style) -> table.Panel:
    """Each device: silence, what it holds back, what is missing of it."""
    name = "pipeline.devices"
    panel = table_panel(style, name, Query(_SQL["devices"]), unit=COUNT)
    panel = column(style, panel, name, "site_name")
    panel = column(style, panel, name, "device")
    panel = worded(style, panel, name, "kind", *KINDS)
    panel = column(
        style,
        panel,
        name,
        "silent_s",
        unit=SECONDS,
        decimals=0,
        noValue=style.say(f"{name}.never"),
    )
    panel = column(style, panel, name, "outbox_depth")
    panel = by_steps(panel, "outbox_depth", HELD_BACK)
    panel = column(style, panel, name, "missing")
    panel = by_steps(panel, "missing", MISSING)
    panel = filled(panel, "outbox_depth", "missing")
    panel = column(style, panel, name, "complete_to", unit=INSTANT, noValue="")
    panel = column(style, panel, name, "software")
    return sized(panel, 24, 10)


def dead_letters_over_time_bars(style: Style) -> timeseries.Panel:
    """Refused messages over time, by reason."""
    query = Query(_SQL["dead_letters_over_time"], "time_series")
    panel = bars_over_time_panel(style, "pipeline.dead_letters_over_time", query, unit=COUNT)
    none = style.say("pipeline.dead_letters_over_time.none")
    return sized(panel.interval("1m").no_value(none), 10, 10)


def last_dead_letters_table(style: Style) -> table.Panel:
    """The newest refused messages, without their content."""
    name = "pipeline.last_dead_letters"
    panel = table_panel(style, name, Query(_SQL["last_dead_letters"]), unit=COUNT)
    panel = panel.no_value(style.say(f"{name}.none"))
    for one in ("received_at", "replayed_at"):
        panel = column(style, panel, name, one, unit=INSTANT, noValue="")
    for one in ("reason", "field", "detail", "site", "source", "place", "replayable"):
        panel = column(style, panel, name, one, noValue="")
    panel = column(style, panel, name, "bytes", unit=BYTES, noValue="")
    return sized(panel, 14, 10)


def restatements_by_day_bars(style: Style) -> timeseries.Panel:
    """Changes of final figures by day and cause."""
    name = "pipeline.restatements_by_day"
    panel = (
        bars_over_time_panel(
            style, name, Query(_SQL["restatements_by_day"], "time_series"), unit=COUNT
        )
        .time_from(RESTATEMENTS_FROM)
        .no_value(style.say(f"{name}.none"))
    )
    for cause, colour in CAUSES.items():
        panel = column(style, panel, name, cause, color=fixed(colour))
    return sized(panel, 10, 10)


def last_restatements_table(style: Style) -> table.Panel:
    """The newest changes of final figures: cause and size."""
    name = "pipeline.last_restatements"
    panel = (
        table_panel(style, name, Query(_SQL["last_restatements"]), unit=COUNT)
        .time_from(RESTATEMENTS_FROM)
        .no_value(style.say(f"{name}.none"))
    )
    for one in ("recorded_at", "first_bucket", "last_bucket"):
        panel = column(style, panel, name, one, unit=INSTANT)
    panel = worded(style, panel, name, "cause", *CAUSES)
    for one in ("site_name", "quarters", "passages", "passages_moved"):
        panel = column(style, panel, name, one)
    return sized(panel, 14, 10)


def visits_left_open_table(style: Style) -> table.Panel:
    """Visits of past days that nobody closed."""
    name = "pipeline.visits_left_open"
    panel = table_panel(style, name, Query(_SQL["visits_left_open"]), unit=COUNT)
    panel = panel.no_value(style.say(f"{name}.none"))
    for one in ("site_name", "business_date", "directorate", "waiting", "called", "in_service"):
        panel = column(style, panel, name, one)
    return sized(panel, 12, 9)


def storage_table(style: Style) -> table.Panel:
    """The largest tables."""
    name = "pipeline.storage"
    panel = table_panel(style, name, Query(_SQL["storage"]), unit=COUNT)
    panel = column(style, panel, name, "table")
    panel = column(style, panel, name, "chunks", noValue="")
    panel = column(style, panel, name, "bytes", unit=BYTES)
    return sized(panel, 12, 9)
