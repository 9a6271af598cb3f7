"""A row beside its counterpart: the period before, or the same part of the year before.

Days are compared with days of the same weekday, never with the same date: the year before, a day
has the same ISO week and weekday. Week 53 has no counterpart in a year that has 52. Months and
longer pieces are compared with the same piece; there, look at the figures per open day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from services.core.calendar import instant
from services.planner.flow import Combination, Row
from services.planner.period import Grain, Period, start_of
from services.planner.question import Question

Against = Literal["previous", "last-year"]
AGAINST: tuple[Against, ...] = get_args(Against)

_MONTHS: Mapping[Grain, int] = {"month": 1, "quarter": 3, "half": 6, "year": 12}


@dataclass(frozen=True, slots=True)
class Compared:
    """A row and what stands at its counterpart; None where there is none."""

    row: Row
    other: Row | None

    @property
    def change(self) -> float | None:
        """Relative change of passages, per open day where both know their open days.

        None without a counterpart, or when that had no passage.
        """
        if self.other is None or not self.row.measures or not self.other.measures:
            return None
        now, before = _rate(self.row, self.other)
        return now / before - 1 if before else None


def other_question(question: Question, against: Against) -> Question | None:
    """The question whose rows are the counterparts; None where the calendar has none."""
    days = _counterparts(question, against)
    if not days:
        return None
    period = Period(min(days.values()), max(days.values()), question.period.time_zone)
    if question.grain == "week":
        period = Period(period.first, period.last + timedelta(days=6), period.time_zone)
    elif question.grain in _MONTHS:
        period = Period(period.first, _last_day(period.last, question.grain), period.time_zone)
    return question.of_period(period)


def compared(
    rows: Iterable[Row], others: Iterable[Row], question: Question, against: Against
) -> Iterator[Compared]:
    """Each row with its counterpart among the others."""
    found: dict[tuple[datetime | date, Combination], Row] = {}
    for other in others:
        # Of the two 02:00 hours of October, the first.
        found.setdefault((other.at, other.of), other)
    days = _counterparts(question, against)
    for row in rows:
        at = _counterpart_at(row.at, days, question.period.time_zone)
        yield Compared(row, found.get((at, row.of)) if at is not None else None)


def _counterpart_at(
    at: datetime | date, days: Mapping[date, date], time_zone: str
) -> datetime | date | None:
    if not isinstance(at, datetime):
        return days.get(at)
    local = at.astimezone(ZoneInfo(time_zone))
    day = days.get(local.date())
    return None if day is None else instant(day, local.time(), time_zone)


def _counterparts(question: Question, against: Against) -> dict[date, date]:
    """Each piece's first day (each day, for hours) with its counterpart's."""
    period, grain = question.period, question.grain
    starts = sorted({start_of(day, grain) for day in _days(period)})
    if grain in _MONTHS:
        pieces = 12 // _MONTHS[grain] if against == "last-year" else len(starts)
        return {start: _months_before(start, pieces * _MONTHS[grain]) for start in starts}
    if against == "previous":
        back = timedelta(weeks=-(-period.days // 7))
        return {start: start - back for start in starts}
    return {start: before for start in starts if (before := _iso_year_before(start)) is not None}


def _iso_year_before(day: date) -> date | None:
    year, week, weekday = day.isocalendar()
    try:
        return date.fromisocalendar(year - 1, week, weekday)
    except ValueError:
        return None


def _months_before(start: date, months: int) -> date:
    number = start.year * 12 + start.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def _last_day(start: date, grain: Grain) -> date:
    return _months_before(start, -_MONTHS[grain]) - timedelta(days=1)


def _days(period: Period) -> Iterator[date]:
    for number in range(period.days):
        yield period.first + timedelta(days=number)


def _rate(row: Row, other: Row) -> tuple[float, float]:
    days = row.knowledge.open_days if row.knowledge else None
    other_days = other.knowledge.open_days if other.knowledge else None
    if days and other_days:
        return row.measures["passages"] / days, other.measures["passages"] / other_days
    return row.measures["passages"], other.measures["passages"]
