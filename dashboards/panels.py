"""The kinds of panels that the boards are made of, with what all of a kind have in common.

Each takes the panel's name: its texts are `<name>.title` and `<name>.description`. Only kinds and
options that Grafana 9.4 knows as well as the newest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from grafana_foundation_sdk.builders import (
    barchart,
    common,
    dashboard,
    piechart,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.piechart import PieChartLegendValues

from dashboards.palette import UNKNOWN
from dashboards.query import DATA_SOURCE, Query
from dashboards.style import Style

P = TypeVar(
    "P",
    barchart.Panel,
    piechart.Panel,
    stat.Panel,
    statetimeline.Panel,
    table.Panel,
    timeseries.Panel,
)


Steps = Sequence[tuple[float | None, str]]
"""Colours by value: each from its value on, the first (None) below all."""

_LONGEST_LABEL = 60
"""Characters of a label below bars."""


def timeseries_panel(style: Style, name: str, *queries: Query, unit: str) -> timeseries.Panel:
    """Lines over time; a gap where nothing is known."""
    return (
        _panel(style, name, timeseries.Panel(), queries, unit)
        .legend(_legend())
        .tooltip(_tooltip())
        .span_nulls(False)
        .line_width(2)
        .fill_opacity(0)
        .show_points(common_model.VisibilityMode.AUTO)
    )


def bars_over_time_panel(style: Style, name: str, *queries: Query, unit: str) -> timeseries.Panel:
    """Stacked bars over time."""
    return (
        _panel(style, name, timeseries.Panel(), queries, unit)
        .legend(_legend())
        .tooltip(_tooltip())
        .draw_style(common_model.GraphDrawStyle.BARS)
        .stacking(common.StackingConfig().mode(common_model.StackingMode.NORMAL).group("A"))
        .fill_opacity(80)
        .line_width(0)
        .axis_soft_min(0)
    )


def stat_panel(
    style: Style, name: str, *queries: Query, unit: str, steps: Steps | None = None
) -> stat.Panel:
    """One number, or one per column. Unknown reads a grey "?", never 0."""
    panel = (
        _panel(style, name, stat.Panel(), queries, unit)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .graph_mode(common_model.BigValueGraphMode.NONE)
        .color_mode(common_model.BigValueColorMode.VALUE)
        .mappings([unknown()])
    )
    return by_thresholds(panel, steps) if steps else panel


def bar_chart_panel(style: Style, name: str, *queries: Query, unit: str, x: str) -> barchart.Panel:
    """Bars over labels: the text column `x`."""
    return (
        _panel(style, name, barchart.Panel(), queries, unit)
        .x_field(x)
        # 0, which the SDK writes for what nobody set, cuts every label to "...".
        .x_tick_label_max_length(_LONGEST_LABEL)
        .legend(_legend())
        .tooltip(_tooltip())
        .axis_soft_min(0)
    )


def table_panel(style: Style, name: str, *queries: Query, unit: str = "none") -> table.Panel:
    """Rows and columns."""
    return _panel(style, name, table.Panel(), queries, unit)


def state_timeline_panel(
    style: Style, name: str, *queries: Query, states: Mapping[str, str]
) -> statetimeline.Panel:
    """States over time; `states` gives each its colour, its text is `<name>.<state>`.

    Nothing is drawn where the state is null: the legend has `<name>.nothing` without a colour.
    """
    mapping = model.ValueMap(
        options={
            state: model.ValueMappingResult(
                text=style.say(f"{name}.{state}"), color=colour, index=index
            )
            for index, (state, colour) in enumerate(states.items())
        }
    )
    return (
        _panel(style, name, statetimeline.Panel(), queries, "none")
        .mappings([mapping])
        .no_value(style.say(f"{name}.nothing"))
        .color_scheme(
            dashboard.FieldColor().mode(model.FieldColorModeId.FIXED).fixed_color("transparent")
        )
        .legend(_legend())
        .tooltip(_tooltip())
        .show_value(common_model.VisibilityMode.NEVER)
        .merge_values(True)
    )


def share_timeline_panel(
    style: Style, name: str, *queries: Query, steps: Steps
) -> statetimeline.Panel:
    """A share from 0 to 1 over time, as the colour of its step; nothing where it is null."""
    panel = (
        _panel(style, name, statetimeline.Panel(), queries, "percentunit")
        .legend(_legend())
        .tooltip(_tooltip())
        .show_value(common_model.VisibilityMode.NEVER)
        .merge_values(True)
    )
    return by_thresholds(panel, steps)


def pie_panel(style: Style, name: str, *queries: Query, unit: str) -> piechart.Panel:
    """Shares of a whole."""
    return (
        _panel(style, name, piechart.Panel(), queries, unit)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(True))
        .legend(
            piechart.PieChartLegendOptions()
            .show_legend(True)
            .display_mode(common_model.LegendDisplayMode.TABLE)
            .placement(common_model.LegendPlacement.RIGHT)
            .values([PieChartLegendValues.VALUE, PieChartLegendValues.PERCENT])
        )
    )


def sized(panel: P, width: int, height: int) -> P:
    """Width of 24 columns, height in grid units of 30 pixels."""
    return panel.span(width).height(height)


def coloured_by_directorate(style: Style, panel: P) -> P:
    """Give each directorate's series, named by its code in capitals, the directorate's colour."""
    for code, colour in style.directorate_colours.items():
        panel = coloured(panel, code.upper(), colour)
    return panel


def coloured(panel: P, series: str, colour: str) -> P:
    """Give a series its colour."""
    return overridden(panel, series, color=fixed(colour))


def named(style: Style, panel: P, name: str, *columns: str) -> P:
    """Show columns under their names in the catalogue: `<name>.columns.<column>`."""
    for column in columns:
        panel = overridden(panel, column, displayName=style.say(f"{name}.columns.{column}"))
    return panel


def fixed(colour: str) -> dict[str, str]:
    """The value of a field's property `color`."""
    return {"mode": "fixed", "fixedColor": colour}


def overridden(panel: P, series: str, **properties: object) -> P:
    """Set properties of one field; `custom__width` stands for `custom.width`."""
    return panel.override_by_name(
        series,
        [
            model.DynamicConfigValue(id_val=name.replace("__", "."), value=value)
            for name, value in properties.items()
        ],
    )


def unknown() -> model.SpecialValueMap:
    """What is null gets the colour of the unknown; otherwise it would have that of the lowest."""
    return model.SpecialValueMap(
        model.DashboardSpecialValueMapOptions(
            match=model.SpecialValueMatch.NULL,
            result=model.ValueMappingResult(color=UNKNOWN, index=0),
        )
    )


def by_thresholds(panel: P, steps: Steps) -> P:
    """Colour values by where they lie."""
    return panel.color_scheme(
        dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS)
    ).thresholds(
        dashboard.ThresholdsConfig()
        .mode(model.ThresholdsMode.ABSOLUTE)
        .steps([model.Threshold(value=value, color=colour) for value, colour in steps])
    )


def _panel(style: Style, name: str, panel: P, queries: Sequence[Query], unit: str) -> P:
    panel = (
        panel.title(style.say(f"{name}.title"))
        .description(style.say(f"{name}.description"))
        .datasource(DATA_SOURCE)
        .unit(unit)
        .no_value("?")
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC))
    )
    for query in queries:
        panel = panel.with_target(query)
    return panel


def _legend() -> common.VizLegendOptions:
    return (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(common_model.LegendDisplayMode.LIST)
        .placement(common_model.LegendPlacement.BOTTOM)
        .calcs([])
    )


def _tooltip() -> common.VizTooltipOptions:
    return (
        common.VizTooltipOptions()
        .mode(common_model.TooltipDisplayMode.MULTI)
        .sort(common_model.SortOrder.NONE)
    )
