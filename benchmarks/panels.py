"""The boards' panels, as Grafana asks for them: their queries with variables chosen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import psycopg

from benchmarks.grafana_macros import Value, expanded
from dashboards.__main__ import REGISTRY
from dashboards.boards import all_boards
from dashboards.catalogue import Language
from services.provision.registry_file import read as read_registry

ZONE = ZoneInfo("Europe/Paris")
"""In which the boards are shown."""

Span = tuple[datetime, datetime]
"""From and to, as Grafana has them: the last millisecond is included."""


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


def local_day(of: date) -> Span:
    """What Grafana makes of `now/d` to `now/d` in the zone of the boards."""
    from_at = datetime(of.year, of.month, of.day, tzinfo=ZONE)
    next_day = of + timedelta(days=1)
    to_at = datetime(next_day.year, next_day.month, next_day.day, tzinfo=ZONE)
    return from_at.astimezone(UTC), to_at.astimezone(UTC) - timedelta(milliseconds=1)


def opening_span(board: Mapping[str, Any], today: date) -> Span:
    """The range in which a board opens in the afternoon of `today`.

    Raises ValueError for a board that opens in a way that nobody taught us.
    """
    begin = str(board["time"]["from"])
    if begin == "now/d":
        return local_day(today)
    found = re.fullmatch(r"now-(\d+)([hd])(/d)?", begin)
    if found is None:
        raise ValueError(f"{board['uid']} opens at {begin}")
    length = timedelta(**{{"h": "hours", "d": "days"}[found[2]]: int(found[1])})
    afternoon = local_day(today)[0] + timedelta(hours=15)
    return afternoon - length, afternoon


def chosen(
    board: Mapping[str, Any], connection: psycopg.Connection[Any], **choice: Value
) -> dict[str, Value]:
    """A board's variables as Grafana fills them when it is opened, but for what `choice` says."""
    values: dict[str, Value] = {}
    for variable in board["templating"]["list"]:
        name = variable["name"]
        if name in choice:
            values[name] = choice[name]
            continue
        if variable["type"] == "query":
            statement = expanded(variable["query"], *local_day(date(2026, 1, 5)), values)
            offered = [row[1] for row in connection.execute(statement).fetchall()]
        else:
            offered = [option["value"] for option in variable["options"]]
        if variable["multi"]:
            values[name] = offered
        else:
            preset = variable.get("current", {}).get("value")
            values[name] = preset or (offered[0] if offered else "")
    return values
