"""What people ask of a history: every panel and alert in Grafana, and a planner's questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import psycopg

from benchmarks.grafana_macros import Value, expanded
from benchmarks.panels import ZONE, chosen, opening_span, targets
from schemas.queries import load_queries
from services.planner.answer import pairs
from services.planner.comparison import Against
from services.planner.flow import ask
from services.planner.period import Grain, Period
from services.planner.question import Question
from services.planner.slots.reading import Place, read_calendar, read_observations
from services.planner.waits import waits

Connection = psycopg.Connection[Any]

_QUARTERS = load_queries("benchmarks", "questions.sql")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: who asks it, its name, and how to ask it."""

    of: str
    """`panel`, `alert` or `planner`."""
    name: str
    ask: Callable[[Connection], object]


def all_questions(connection: Connection, *, today: date, sites: Sequence[str]) -> Iterator[Asked]:
    """Every question about `sites`, those of one département, on the afternoon of `today`."""
    yield from _panels(connection, today, sites)
    for name, statement in load_queries("dashboards.alerts").items():
        yield Asked("alert", name, _rows_of(statement))
    yield from _planner(today, tuple(sites))


def _panels(connection: Connection, today: date, sites: Sequence[str]) -> Iterator[Asked]:
    for target in targets():
        board = target.panel.board
        several = any(one["name"] == "site" and one["multi"] for one in board["templating"]["list"])
        choice: dict[str, Value] = {"site": list(sites) if several else sites[0]}
        values = chosen(board, connection, **choice)
        statement = expanded(target.sql, *opening_span(board, today), values)
        yield Asked("panel", str(target), _rows_of(statement))


def _rows_of(statement: str) -> Callable[[Connection], object]:
    return lambda connection: connection.execute(statement).fetchall()


def _planner(today: date, sites: tuple[str, ...]) -> Iterator[Asked]:
    year = Period(today - timedelta(days=365), today - timedelta(days=1), str(ZONE))
    half = Period(today - timedelta(days=182), today - timedelta(days=1), str(ZONE))
    day = Period(today - timedelta(days=1), today - timedelta(days=1), str(ZONE))

    def history(name: str, period: Period, grain: Grain, against: Against | None = None) -> Asked:
        question = Question(period, grain, split=("site", "directorate"), sites=sites)
        return Asked("planner", name, lambda connection: pairs(connection, question, against))

    asked = {"from_at": year.from_at, "to_at": year.to_at, "sites": list(sites)}
    yield Asked(
        "planner",
        "a year by quarters of an hour",
        lambda connection: connection.execute(_QUARTERS["year_by_quarters"], asked).fetchall(),
    )
    yield history("a day by hours", day, "hour")
    yield history("a year by hours", year, "hour")
    yield history("a year by days", year, "day")
    yield history("a year by months, beside the year before", year, "month", "last-year")
    yield Asked(
        "planner",
        "waits of half a year",
        lambda connection: waits(connection, half, sites=sites),
    )
    yield Asked(
        "planner",
        "typical week of one site",
        lambda connection: _slots(connection, Place(sites[0]), half),
    )
    yield Asked(
        "planner",
        "one directorate, a year by days",
        lambda connection: list(
            ask(connection, Question(year, "day", sites=sites, directorates=("dmi",)))
        ),
    )


def _slots(connection: Connection, place: Place, period: Period) -> object:
    calendar = read_calendar(connection, place)
    return read_observations(connection, place, calendar, period, 15)
