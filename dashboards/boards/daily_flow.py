"""Flux du jour: one site, live."""

from __future__ import annotations

from typing import Any

from dashboards.boards.daily_flow_hall import (
    devices_table,
    hall_now_stat,
    last_hour_waits_stat,
    waiting_by_service_table,
    waits_by_hour_timeseries,
)
from dashboards.boards.daily_flow_passages import (
    coverage_so_far_stat,
    hour_states_timeline,
    passages_against_typical_timeseries,
    passages_by_hour_bars,
    passages_so_far_stat,
    trust_stat,
)
from dashboards.layout import board, row
from dashboards.style import Style
from dashboards.variables import directorates, one_site


def daily_flow(style: Style) -> dict[str, Any]:
    """How many came today, how many wait, is that usual, can it be trusted."""
    return board(
        style,
        "daily_flow",
        row(
            style.say("daily_flow.rows.glance"),
            passages_so_far_stat(style),
            hall_now_stat(style),
            last_hour_waits_stat(style),
            trust_stat(style),
            coverage_so_far_stat(style),
        ),
        row(
            style.say("daily_flow.rows.passages"),
            passages_by_hour_bars(style),
            passages_against_typical_timeseries(style),
            hour_states_timeline(style),
        ),
        row(
            style.say("daily_flow.rows.waiting"),
            waits_by_hour_timeseries(style),
            waiting_by_service_table(style),
        ),
        row(style.say("daily_flow.rows.devices"), devices_table(style)),
        variables=[one_site(style), directorates(style)],
        time_from="now/d",
        time_to="now/d",
        refresh="30s",
    )
