"""Rows of panels become a board: positions, ids, and the JSON that Grafana takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model

from dashboards.style import Style

TAG = "passage"
TIME_ZONE = "Europe/Paris"
"""Of the time axis; on a clock-change day it has 23 or 25 hours, as the halls have."""

PanelBuilder = Builder[model.Panel]
VariableBuilder = Builder[model.VariableModel]


@dataclass(frozen=True)
class Row:
    """A titled row of panels; their widths add up to 24."""

    title: str
    panels: Sequence[PanelBuilder]


def row(title: str, *panels: PanelBuilder) -> Row:
    """A row, from left to right."""
    return Row(title, panels)


def board(
    style: Style,
    name: str,
    *rows: Row,
    variables: Sequence[VariableBuilder],
    time_from: str,
    time_to: str = "now",
    refresh: str = "",
) -> dict[str, Any]:
    """The JSON of one board, whose texts are `<name>.title` and `<name>.description`."""
    drawn = (
        dashboard.Dashboard(style.say(f"{name}.title"))
        .uid(uid(name))
        .description(style.say(f"{name}.description"))
        .tags([TAG, "generated"])
        .timezone(TIME_ZONE)
        .week_start("monday")
        .time(time_from, time_to)
        .refresh(refresh)
        .readonly()
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .links([_to_the_other_boards(style, variables)])
        .variables(list(variables))
    )
    for one in rows:
        drawn = drawn.with_row(dashboard.Row(one.title))
        for panel in one.panels:
            drawn = drawn.with_panel(panel)
    return _numbered(json.loads(json.dumps(drawn.build(), cls=JSONEncoder)))


def uid(name: str) -> str:
    """The board's uid: stable, for links and bookmarks hold it."""
    return f"passage-{name.replace('_', '-')}"


def _to_the_other_boards(
    style: Style, variables: Sequence[VariableBuilder]
) -> dashboard.DashboardLink:
    # A board of one site cannot take several, or all: its queries would fail.
    one_site = not any(one.name == "site" and one.multi for one in _built(variables))
    return (
        dashboard.DashboardLink(style.say("boards.others"))
        .type(model.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(True)
        .include_vars(one_site)
    )


def _built(variables: Sequence[VariableBuilder]) -> list[model.VariableModel]:
    return [variable.build() for variable in variables]


def _numbered(json_board: dict[str, Any]) -> dict[str, Any]:
    """Give panels their ids, and take out what the SDK writes for what nobody set."""
    for number, panel in enumerate(json_board["panels"], start=1):
        panel["id"] = number
        if panel.get("options", ...) is None:
            panel["options"] = {}
    for variable in json_board["templating"]["list"]:
        for unset in ("id", "auto", "auto_min", "auto_count"):
            variable.pop(unset, None)
    return json_board
