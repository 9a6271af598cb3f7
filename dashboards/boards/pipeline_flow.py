"""Panels of the board of the chain's state: how far behind it is, and what goes through."""

from __future__ import annotations

from grafana_foundation_sdk.builders import stat, timeseries

from dashboards.columns import column
from dashboards.palette import (
    ACT,
    BLUE,
    FINE,
    SKY,
    VERMILION,
    WATCH,
    YELLOW,
)
from dashboards.panels import (
    bars_over_time_panel,
    fixed,
    sized,
    stat_panel,
    timeseries_panel,
)
from dashboards.query import Query
from dashboards.steps import SILENT_DEVICES
from dashboards.style import Style
from dashboards.units import COUNT, PER_SECOND, SECONDS
from schemas.queries import load_queries

_SQL = load_queries("dashboards", "sql/pipeline.sql")


def lag_stat(style: Style) -> stat.Panel:
    """How far the database is behind the halls."""
    panel = stat_panel(
        style,
        "pipeline.lag",
        Query(_SQL["lag"]),
        unit=SECONDS,
        # Devices send every half minute.
        steps=[(None, FINE), (120, WATCH), (300, ACT)],
    )
    return sized(panel.decimals(0), 4, 5)


def consumer_lag_stat(style: Style) -> stat.Panel:
    """Messages in Kafka that no worker has acknowledged."""
    panel = stat_panel(
        style,
        "pipeline.consumer_lag",
        Query(_SQL["consumer_lag"]),
        unit=COUNT,
        # A worker takes thousands a second: what stays is not taken.
        steps=[(None, FINE), (5_000, WATCH), (100_000, ACT)],
    )
    return sized(panel, 4, 5)


def recording_delay_stat(style: Style) -> stat.Panel:
    """From Kafka to the row, for 99 of 100 events."""
    panel = stat_panel(
        style,
        "pipeline.recording_delay",
        Query(_SQL["recording_delay"]),
        unit=SECONDS,
        steps=[(None, FINE), (5, WATCH), (60, ACT)],
    )
    return sized(panel.decimals(2), 4, 5)


def events_rate_stat(style: Style) -> stat.Panel:
    """Events recorded per second."""
    panel = stat_panel(style, "pipeline.events_rate", Query(_SQL["events_rate"]), unit=PER_SECOND)
    return sized(panel.decimals(2), 3, 5)


def publication_delay_stat(style: Style) -> stat.Panel:
    """How far the live picture is behind the tables."""
    panel = stat_panel(
        style,
        "pipeline.publication_delay",
        Query(_SQL["publication_delay"]),
        unit=SECONDS,
        steps=[(None, FINE), (5, WATCH), (60, ACT)],
    )
    return sized(panel.decimals(1), 3, 5)


def dead_letters_stat(style: Style) -> stat.Panel:
    """Refused messages that nobody has mended."""
    panel = stat_panel(
        style,
        "pipeline.dead_letters_count",
        Query(_SQL["dead_letters_count"]),
        unit=COUNT,
        steps=[(None, FINE), (1, WATCH), (100, ACT)],
    )
    return sized(panel, 3, 5)


def silent_devices_stat(style: Style) -> stat.Panel:
    """Devices that should be heard and are not."""
    panel = stat_panel(
        style,
        "pipeline.silent_devices",
        Query(_SQL["silent_devices"]),
        unit=COUNT,
        steps=SILENT_DEVICES,
    )
    return sized(panel, 3, 5)


def events_over_time_bars(style: Style) -> timeseries.Panel:
    """Events recorded per second over time."""
    name = "pipeline.events_over_time"
    panel = bars_over_time_panel(
        style, name, Query(_SQL["events_over_time"], "time_series"), unit=PER_SECOND
    ).interval("1m")
    return sized(column(style, panel, name, "events", color=fixed(BLUE)), 12, 9)


def delays_over_time_timeseries(style: Style) -> timeseries.Panel:
    """Both delays of an event: until Kafka has it, and from there to its row."""
    name = "pipeline.delays_over_time"
    panel = (
        timeseries_panel(style, name, Query(_SQL["delays_over_time"], "time_series"), unit=SECONDS)
        .interval("1m")
        .axis_soft_min(0)
    )
    colours = {
        "arrival_p50": SKY,
        "arrival_p99": BLUE,
        "recording_p50": YELLOW,
        "recording_p99": VERMILION,
    }
    for one, colour in colours.items():
        panel = column(style, panel, name, one, color=fixed(colour))
    return sized(panel, 12, 9)
