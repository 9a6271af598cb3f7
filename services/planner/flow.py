"""The answer to a question: rows in order of time, with what is known of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import groupby
from typing import Any, Literal, NamedTuple

import psycopg
from psycopg.rows import dict_row

from schemas.queries import load_queries
from services.core import footfall
from services.planner.period import label_of
from services.planner.question import DIMENSIONS, Question

SQL = load_queries("services.planner", "flow.sql")

_NOT_ASKED = ("last_call_waits", "last_call_wait_ms", "test", "time_uncertain")
MEASURES = tuple(measure for measure in footfall.MEASURES if measure not in _NOT_ASKED)
"""What a row counts; docs/definitions.md says how. `wait_ms` and `service_ms` are milliseconds."""

Known = Literal["yes", "no"]

_ROWS_AT_ONCE = 2_000


class Combination(NamedTuple):
    """Values of the dimensions; None where the question sums over one."""

    site: str | None
    directorate: str | None
    service: str | None
    channel: str | None


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What devices vouch for in a piece of time."""

    covered_minutes: int
    open_minutes: int
    is_final: bool
    open_days: int | None = None
    """Days on which a site was open, each site's counted; None for hours."""

    @property
    def coverage(self) -> float:
        """Covered over open device-minutes, 0 to 1."""
        return self.covered_minutes / self.open_minutes

    @property
    def status(self) -> str:
        """final, or provisional while figures may still change."""
        return "final" if self.is_final else "provisional"


Piece = tuple[datetime | date, str]
"""Start and label: the two 02:00 hours of October are two."""


@dataclass(frozen=True, slots=True)
class Row:
    """One piece of time and combination of dimensions."""

    at: datetime | date
    """The instant of an hour; the first local day of anything longer."""
    label: str
    of: Combination
    measures: Mapping[str, int] = field(default_factory=dict)
    """Empty when nothing is known."""
    p50_wait_s: float | None = None
    p90_wait_s: float | None = None
    knowledge: Knowledge | None = None
    """None when no site was open."""

    @property
    def piece(self) -> Piece:
        """Start and label of its piece of time."""
        return self.at, self.label

    @property
    def known(self) -> Known:
        """`no` when no device was heard and nothing was counted: the figures are not zero."""
        return "yes" if self.measures else "no"

    @property
    def mean_wait_s(self) -> float | None:
        """Mean wait to the first call, of the waits that are known."""
        waits = self.measures.get("waits")
        return self.measures["wait_ms"] / waits / 1000 if waits else None


KnownPieces = Mapping[Piece, Mapping[str | None, Knowledge]]
"""By site where the question has one, else under None."""


def ask(connection: psycopg.Connection[Any], question: Question) -> Generator[Row, None, None]:
    """Rows in order of time, then of the dimensions; read as they are consumed.

    A piece of time in which a site was open has a row for every combination that occurs in the
    period, with zeros where nobody came; one in which all was closed has none.
    """
    asked = _parameters(question)
    suffix = "hour" if question.grain == "hour" else "day"
    known = _known(connection, question, SQL[f"known_by_{suffix}"], asked)
    combinations = _combinations(connection, asked)
    with connection.transaction(), connection.cursor("flow", row_factory=dict_row) as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        cursor.execute(SQL[f"flow_by_{suffix}"], asked)
        yield from merged(
            (_counted(question, row) for row in cursor), known, combinations, question
        )


def merged(
    counted: Iterable[Row],
    known: KnownPieces,
    combinations: Iterable[Combination],
    question: Question,
) -> Iterator[Row]:
    """Counted rows, completed with zeros and unknowns where a site was open. Pure."""
    by_site = "site" in question.split
    ordered = in_order(combinations)
    waiting = iter(sorted(known))
    next_known = next(waiting, None)
    for piece, rows in groupby(counted, key=lambda row: row.piece):
        while next_known is not None and next_known < piece:
            yield from _filled(next_known, [], known[next_known], ordered, by_site)
            next_known = next(waiting, None)
        yield from _filled(piece, list(rows), known.get(piece, {}), ordered, by_site)
        if next_known == piece:
            next_known = next(waiting, None)
    while next_known is not None:
        yield from _filled(next_known, [], known[next_known], ordered, by_site)
        next_known = next(waiting, None)


def in_order(combinations: Iterable[Combination]) -> list[Combination]:
    """By site, directorate, service and channel."""
    return sorted(combinations, key=lambda one: tuple(value or "" for value in one))


def _filled(
    piece: Piece,
    rows: list[Row],
    known: Mapping[str | None, Knowledge],
    combinations: Iterable[Combination],
    by_site: bool,
) -> Iterator[Row]:
    # A row of nothing but zeros was left by what does not count, a test ticket for example.
    found = {row.of: row for row in rows if any(row.measures.values())}
    for of in combinations:
        knowledge = known.get(of.site if by_site else None)
        if of in found:
            yield replace(found[of], knowledge=knowledge)
        elif knowledge is not None:
            yield _nobody(piece, of, knowledge)


def _nobody(piece: Piece, of: Combination, knowledge: Knowledge) -> Row:
    heard = knowledge.covered_minutes > 0
    return Row(*piece, of, dict.fromkeys(MEASURES, 0) if heard else {}, knowledge=knowledge)


def _counted(question: Question, row: dict[str, Any]) -> Row:
    return Row(
        row["at"],
        row["label"] or label_of(row["at"], question.grain),
        Combination(*(row[dimension] for dimension in DIMENSIONS)),
        {measure: row[measure] for measure in MEASURES},
        row["p50_wait_s"],
        row["p90_wait_s"],
    )


def _known(
    connection: psycopg.Connection[Any],
    question: Question,
    statement: Any,
    asked: Mapping[str, Any],
) -> KnownPieces:
    found: dict[Piece, dict[str | None, Knowledge]] = defaultdict(dict)
    for at, label, site, covered, opened, is_final, open_days in connection.execute(
        statement, asked
    ):
        piece = (at, label or label_of(at, question.grain))
        found[piece][site] = Knowledge(covered, opened, is_final, open_days)
    return found


def _combinations(
    connection: psycopg.Connection[Any], asked: Mapping[str, Any]
) -> list[Combination]:
    return [Combination(*row) for row in connection.execute(SQL["combinations"], asked)]


def _parameters(question: Question) -> dict[str, Any]:
    period = question.period

    def codes(chosen: tuple[str, ...] | None) -> list[str] | None:
        return None if chosen is None else list(chosen)

    return {
        "from_at": period.from_at,
        "to_at": period.to_at,
        "first": period.first,
        "last": period.last,
        "grain": question.grain,
        "sites": codes(question.sites),
        "directorates": codes(question.directorates),
        "services": codes(question.services),
        "channels": codes(question.channels),
        **{f"by_{dimension}": dimension in question.split for dimension in DIMENSIONS},
    }
