"""Rows of an answer, made by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime

from services.planner.flow import MEASURES, Combination, Knowledge, Row
from services.planner.period import Period
from services.planner.question import Dimension, Question

ZONE = "Europe/Paris"
DCL = Combination(None, "dcl", None, None)
DMI = Combination(None, "dmi", None, None)


def period(first: str, last: str | None = None) -> Period:
    return Period(date.fromisoformat(first), date.fromisoformat(last or first), ZONE)


def question(
    first: str,
    last: str | None = None,
    grain: str = "hour",
    split: tuple[Dimension, ...] = ("directorate",),
) -> Question:
    return Question(period(first, last), grain, split)  # type: ignore[arg-type]


def hour(day: int, at: int) -> datetime:
    return datetime(2026, 11, day, at, tzinfo=UTC)


def counted(at: datetime | date, of: Combination, passages: int, **changes: object) -> Row:
    measures = dict.fromkeys(MEASURES, 0) | {"passages": passages}
    return Row(at, f"{at}", of, measures, **changes)  # type: ignore[arg-type]


def heard(
    covered: int = 60, opened: int = 60, *, final: bool = True, days: int | None = None
) -> Knowledge:
    return Knowledge(covered, opened, final, days)
