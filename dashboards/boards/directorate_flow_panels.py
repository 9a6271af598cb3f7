"""Panels of the board of flow by directorate: the period itself."""

from __future__ import annotations

from grafana_foundation_sdk.builders import barchart, dashboard, piechart, table, timeseries
from grafana_foundation_sdk.builders import statetimeline as timeline
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as model

from dashboards.boards.directorate_flow_queries import as_it_stands, of_period
from dashboards.columns import column, filled
from dashboards.palette import BLUE, GREEN, GREY, ORANGE, PINK, SKY, VERMILION, YELLOW
from dashboards.panels import (
    bar_chart_panel,
    bars_over_time_panel,
    coloured_by_directorate,
    fixed,
    pie_panel,
    share_timeline_panel,
    sized,
    table_panel,
    timeseries_panel,
)
from dashboards.steps import COVERAGE
from dashboards.style import Style
from dashboards.units import COUNT, SECONDS

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def flow_by_directorate_bars(style: Style) -> timeseries.Panel:
    """Passages by the chosen grain, stacked by directorate."""
    panel = bars_over_time_panel(
        style,
        "directorate_flow.flow_by_directorate",
        of_period("flow_by_directorate", "time_series"),
        unit=COUNT,
    ).bar_alignment(common.BarAlignment.AFTER)
    return sized(coloured_by_directorate(style, panel), 24, 10)


def coverage_by_day_timeline(style: Style) -> timeline.Panel:
    """How far the figures of each day can be trusted, site by site."""
    query = of_period("coverage_by_day", "time_series")
    return sized(
        share_timeline_panel(style, "directorate_flow.coverage_by_day", query, steps=COVERAGE),
        24,
        7,
    )


def typical_week_table(style: Style) -> table.Panel:
    """Mean passages by hour (down) and weekday (across), the busier the stronger coloured."""
    name = "directorate_flow.typical_week"
    panel = (
        table_panel(style, name, of_period("typical_week"), unit=COUNT)
        .decimals(1)
        .min(0)
        # Closed, or never counted: nothing to read, and no colour, for that would look like few.
        .mappings([_nothing()])
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.CONTINUOUS_YL_BL))
    )
    panel = column(style, panel, name, "hour", custom__width=70)
    for one in _WEEKDAYS:
        panel = column(style, panel, name, one, custom__align="center")
    panel = filled(panel, *_WEEKDAYS)
    return sized(panel, 12, 12)


def _nothing() -> model.SpecialValueMap:
    return model.SpecialValueMap(
        model.DashboardSpecialValueMapOptions(
            match=model.SpecialValueMatch.NULL,
            result=model.ValueMappingResult(
                text="\N{NO-BREAK SPACE}", color="transparent", index=0
            ),
        )
    )


def share_by_directorate_pie(style: Style) -> piechart.Panel:
    """Each directorate's part of all passages."""
    query = of_period("share_by_directorate")
    panel = pie_panel(style, "directorate_flow.share_by_directorate", query, unit=COUNT)
    return sized(coloured_by_directorate(style, panel), 8, 9)


def outcomes_by_directorate_bars(style: Style) -> barchart.Panel:
    """What became of each directorate's queue stays, in percent of them."""
    name = "directorate_flow.outcomes_by_directorate"
    query = of_period("outcomes_by_directorate")
    panel = bar_chart_panel(style, name, query, unit=COUNT, x="directorate").stacking(
        common.StackingMode.PERCENT
    )
    colours = {
        "served": BLUE,
        "transferred": SKY,
        "no_show": ORANGE,
        "left": VERMILION,
        "cancelled": PINK,
        "auto_closed": YELLOW,
        "still_open": GREY,
    }
    for one, colour in colours.items():
        panel = column(style, panel, name, one, color=fixed(colour))
    return sized(panel, 8, 10)


def transfers_by_directorate_bars(style: Style) -> barchart.Panel:
    """Who was sent on by each directorate, and who came to it from another queue."""
    name = "directorate_flow.transfers_by_directorate"
    query = of_period("transfers_by_directorate")
    panel = bar_chart_panel(style, name, query, unit=COUNT, x="directorate")
    for one, colour in {"sent_on": ORANGE, "redirected": VERMILION, "received": BLUE}.items():
        panel = column(style, panel, name, one, color=fixed(colour))
    return sized(panel, 8, 10)


def channels_of_arrival_pie(style: Style) -> piechart.Panel:
    """How visitors made themselves known."""
    name = "directorate_flow.channels_of_arrival"
    panel = pie_panel(style, name, of_period("channels_of_arrival"), unit=COUNT)
    for one, colour in {"kiosk": BLUE, "reception": ORANGE, "appointment": GREEN}.items():
        panel = column(style, panel, name, one, color=fixed(colour))
    return sized(panel, 8, 10)


def waits_over_time_timeseries(style: Style) -> timeseries.Panel:
    """Median and ninth decile of the waits, beside the waits that the registry allows."""
    name = "directorate_flow.waits_over_time"
    panel = timeseries_panel(
        style,
        name,
        of_period("waits_over_time", "time_series"),
        as_it_stands("wait_thresholds", "time_series", "B"),
        unit=SECONDS,
    ).axis_soft_min(0)
    panel = column(style, panel, name, "p50", color=fixed(BLUE))
    panel = column(style, panel, name, "p90", color=fixed(ORANGE))
    panel = panel.override_by_query(
        "B",
        [
            model.DynamicConfigValue(id_val="color", value=fixed(VERMILION)),
            model.DynamicConfigValue(
                id_val="custom.lineStyle", value={"fill": "dash", "dash": [8, 6]}
            ),
            model.DynamicConfigValue(id_val="custom.showPoints", value="never"),
        ],
    )
    return sized(panel, 24, 9)
