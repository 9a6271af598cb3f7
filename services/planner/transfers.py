"""Who was sent on, from which directorate and service to which, by piece of time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

import psycopg
from rich.table import Table

from schemas.queries import load_queries
from services.planner.export import Line
from services.planner.period import label_of, start_of
from services.planner.question import Question

SQL = load_queries("services.planner", "transfers.sql")

COLUMNS = (
    "at",
    "label",
    "from_directorate",
    "from_service",
    "to_directorate",
    "to_service",
    "transfers",
)
"""Columns of a file: who was not sent on has no line."""


class Transfers(NamedTuple):
    """How many were sent on from one service to another in a piece of time."""

    at: date
    """First local day of the piece; the day itself, of an hour."""
    label: str
    from_directorate: str
    from_service: str
    to_directorate: str
    to_service: str
    n: int


def transfers(connection: psycopg.Connection[Any], question: Question) -> list[Transfers]:
    """By piece of time and pair of services, in order; codes hold for either end of a pair."""
    sums: Counter[tuple[Any, ...]] = Counter()
    by_hour = question.grain == "hour"
    asked = {
        "first": question.period.first,
        "last": question.period.last,
        "from_at": question.period.from_at,
        "to_at": question.period.to_at,
        "sites": _listed(question.sites),
        "directorates": _listed(question.directorates),
        "services": _listed(question.services),
        "channels": _listed(question.channels),
    }
    for day, hour, *ends, n in connection.execute(SQL["transfers"], asked):
        start = day if by_hour else start_of(day, question.grain)
        label = hour if by_hour else label_of(start, question.grain)
        sums[start, label, *ends] += n
    return [Transfers._make((*key, n)) for key, n in sorted(sums.items())]


def lines(found: Sequence[Transfers]) -> Iterator[Line]:
    """A line of each, for files."""
    return (dict(zip(COLUMNS, one, strict=True)) for one in found)


def matrix(found: Sequence[Transfers], title: str) -> Table:
    """Origins down and destinations across, over the whole period."""
    sums: Counter[tuple[str, str]] = Counter()
    for pair in found:
        sums[pair.from_directorate, pair.to_directorate] += pair.n
    codes = sorted({code for ends in sums for code in ends})
    table = Table(title=title, title_justify="left", show_footer=True)
    table.add_column("From", footer="Total")
    for destination in codes:
        came_in = sum(sums[origin, destination] for origin in codes)
        table.add_column(f"to {destination.upper()}", footer=f"{came_in}", justify="right")
    table.add_column("All", footer=f"{sums.total()}", justify="right")
    for origin in codes:
        sent = [sums[origin, destination] for destination in codes]
        table.add_row(origin.upper(), *map(str, sent), f"{sum(sent)}")
    return table


def _listed(codes: tuple[str, ...] | None) -> list[str] | None:
    return None if codes is None else list(codes)
