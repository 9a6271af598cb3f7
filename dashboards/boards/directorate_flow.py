"""Flow by directorate over any period, beside the year before."""

from __future__ import annotations

from typing import Any

from dashboards.boards.directorate_flow_panels import (
    channels_of_arrival_pie,
    coverage_by_day_timeline,
    flow_by_directorate_bars,
    outcomes_by_directorate_bars,
    share_by_directorate_pie,
    transfers_by_directorate_bars,
    typical_week_table,
    waits_over_time_timeseries,
)
from dashboards.boards.directorate_flow_years import (
    change_on_year_stat,
    compared_years_table,
    directorates_compared_table,
    period_totals_stat,
    years_by_week_timeseries,
)
from dashboards.layout import board, row
from dashboards.style import Style
from dashboards.variables import channels, directorates, grain, services, sites


def directorate_flow(style: Style) -> dict[str, Any]:
    """Any period, at first the 90 days up to yesterday."""
    return board(
        style,
        "directorate_flow",
        row(
            style.say("directorate_flow.rows.totals"),
            period_totals_stat(style),
            compared_years_table(style),
            change_on_year_stat(style),
        ),
        row(
            style.say("directorate_flow.rows.flow"),
            flow_by_directorate_bars(style),
            coverage_by_day_timeline(style),
        ),
        row(
            style.say("directorate_flow.rows.rhythm"),
            typical_week_table(style),
            years_by_week_timeseries(style),
        ),
        row(
            style.say("directorate_flow.rows.directorates"),
            directorates_compared_table(style),
            share_by_directorate_pie(style),
        ),
        row(
            style.say("directorate_flow.rows.paths"),
            outcomes_by_directorate_bars(style),
            transfers_by_directorate_bars(style),
            channels_of_arrival_pie(style),
        ),
        row(style.say("directorate_flow.rows.waits"), waits_over_time_timeseries(style)),
        variables=[
            sites(style),
            directorates(style),
            services(style),
            channels(style),
            grain(style),
        ],
        time_from="now-90d/d",
        time_to="now-1d/d",
    )
