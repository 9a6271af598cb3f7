"""The panels of all boards, as tests look at them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from dashboards.__main__ import REGISTRY
from dashboards.boards import all_boards
from dashboards.catalogue import Language
from services.provision.registry_file import read as read_registry


class Panel(NamedTuple):
    """One panel with the board that it is on."""

    board: dict[str, Any]
    json: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.board['uid']}: {self.json['title']}"


class Target(NamedTuple):
    """One query of a panel."""

    panel: Panel
    sql: str
    shape: str

    def __str__(self) -> str:
        return str(self.panel)


def directorates() -> list[str]:
    """Those of the shipped registry, in its order."""
    return [one.code for one in read_registry(REGISTRY).directorates]


def boards(language: Language = "fr") -> list[dict[str, Any]]:
    """Every board, for the shipped registry."""
    return all_boards(language, directorates())


def panels(language: Language = "fr") -> Iterator[Panel]:
    """Every panel but the titles of rows."""
    for board in boards(language):
        for panel in board["panels"]:
            if panel["type"] != "row":
                yield Panel(board, panel)


def targets() -> Iterator[Target]:
    """Every query of every panel."""
    for panel in panels():
        for target in panel.json.get("targets", []):
            yield Target(panel, target["rawSql"], target["format"])
