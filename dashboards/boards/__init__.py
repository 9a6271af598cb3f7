"""The boards. A new one is a module here and a line in `BOARDS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dashboards.boards.daily_flow import daily_flow
from dashboards.boards.directorate_flow import directorate_flow
from dashboards.boards.pipeline import pipeline
from dashboards.boards.prefecture import prefecture
from dashboards.catalogue import Language
from dashboards.style import Style

BOARDS: Mapping[str, Callable[[Style], dict[str, Any]]] = {
    "daily_flow": daily_flow,
    "directorate_flow": directorate_flow,
    "prefecture": prefecture,
    "pipeline": pipeline,
}
"""Each board's function by its name, in the order of the menu."""


def all_boards(language: Language, directorates: Sequence[str]) -> list[dict[str, Any]]:
    """The JSON of every board; directorates by code, in the order of the registry."""
    style = Style.of(language, directorates)
    return [draw(style) for draw in BOARDS.values()]
