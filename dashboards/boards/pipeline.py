"""The state of the chain, from the devices to the rows, for technicians."""

from __future__ import annotations

from typing import Any

from dashboards.boards.pipeline_flow import (
    consumer_lag_stat,
    dead_letters_stat,
    delays_over_time_timeseries,
    events_over_time_bars,
    events_rate_stat,
    lag_stat,
    publication_delay_stat,
    recording_delay_stat,
    silent_devices_stat,
)
from dashboards.boards.pipeline_panels import (
    dead_letters_over_time_bars,
    device_coverage_timeline,
    devices_table,
    last_dead_letters_table,
    last_restatements_table,
    restatements_by_day_bars,
    storage_table,
    visits_left_open_table,
)
from dashboards.layout import board, row
from dashboards.style import Style
from dashboards.variables import sites


def pipeline(style: Style) -> dict[str, Any]:
    """The last six hours, as they go on."""
    return board(
        style,
        "pipeline",
        row(
            style.say("pipeline.rows.now"),
            lag_stat(style),
            consumer_lag_stat(style),
            recording_delay_stat(style),
            events_rate_stat(style),
            publication_delay_stat(style),
            dead_letters_stat(style),
            silent_devices_stat(style),
        ),
        row(
            style.say("pipeline.rows.flow"),
            events_over_time_bars(style),
            delays_over_time_timeseries(style),
        ),
        row(
            style.say("pipeline.rows.devices"),
            device_coverage_timeline(style),
            devices_table(style),
        ),
        row(
            style.say("pipeline.rows.dead_letters"),
            dead_letters_over_time_bars(style),
            last_dead_letters_table(style),
        ),
        row(
            style.say("pipeline.rows.restatements"),
            restatements_by_day_bars(style),
            last_restatements_table(style),
        ),
        row(
            style.say("pipeline.rows.rest"),
            visits_left_open_table(style),
            storage_table(style),
        ),
        variables=[sites(style)],
        time_from="now-6h",
        refresh="30s",
    )
