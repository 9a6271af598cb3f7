"""Spans of local days, and the pieces they are cut into."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, get_args

from services.core.calendar import MIDNIGHT, instant
from services.planner.sentence import Sentence

Grain = Literal["hour", "day", "week", "month", "quarter", "half", "year"]
GRAINS: tuple[Grain, ...] = get_args(Grain)

_ONE_DAY = timedelta(days=1)


class NotAPeriod(ValueError):
    """A name that stands for no period; the message gives the forms."""


@dataclass(frozen=True, slots=True)
class Period:
    """Local days [first, last], both included, as people name them, in a time zone."""

    first: date
    last: date
    time_zone: str

    @property
    def from_at(self) -> datetime:
        """The instant at which the first day begins."""
        return instant(self.first, MIDNIGHT, self.time_zone)

    @property
    def to_at(self) -> datetime:
        """The instant at which the last day has ended."""
        return instant(self.last + _ONE_DAY, MIDNIGHT, self.time_zone)

    @property
    def days(self) -> int:
        """How many local days it has."""
        return (self.last - self.first).days + 1

    def __str__(self) -> str:
        if self.first == self.last:
            return self.first.isoformat()
        return f"{self.first} to {self.last}"


def named(name: str, time_zone: str) -> Period:
    """The period of a name: 2025, 2025-S2, 2025-T3, 2025-10, 2025-W43 or 2025-10-26.

    S is for half years and T (or Q) for quarters, as in French administrations; weeks are ISO
    weeks. Raises NotAPeriod.
    """
    for form, span in _FORMS.items():
        found = re.fullmatch(form, name.strip(), re.IGNORECASE)
        if found:
            try:
                return Period(*span(*map(int, found.groups())), time_zone)
            except ValueError:
                break
    raise NotAPeriod(Sentence("not_a_period", name=name))


def start_of(day: date, grain: Grain) -> date:
    """The first day of the piece that holds the day; an hour's is the day itself."""
    match grain:
        case "hour" | "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "half":
            return day.replace(month=1 if day.month <= 6 else 7, day=1)
        case "year":
            return day.replace(month=1, day=1)


def label_of(start: date, grain: Grain) -> str:
    """What a piece is called, in the form that `named` reads."""
    match grain:
        case "hour" | "day":
            return start.isoformat()
        case "week":
            year, week, _ = start.isocalendar()
            return f"{year}-W{week:02}"
        case "month":
            return f"{start:%Y-%m}"
        case "quarter":
            return f"{start.year}-T{(start.month + 2) // 3}"
        case "half":
            return f"{start.year}-S{1 if start.month <= 6 else 2}"
        case "year":
            return f"{start.year}"


def _months(year: int, first_month: int, count: int) -> tuple[date, date]:
    after = first_month + count
    end = date(year + (after > 12), (after - 1) % 12 + 1, 1)
    return date(year, first_month, 1), end - _ONE_DAY


def _part(year: int, number: int, months: int) -> tuple[date, date]:
    if not 1 <= number <= 12 // months:
        raise ValueError
    return _months(year, (number - 1) * months + 1, months)


def _week(year: int, week: int) -> tuple[date, date]:
    return date.fromisocalendar(year, week, 1), date.fromisocalendar(year, week, 7)


def _day(year: int, month: int, day: int) -> tuple[date, date]:
    return date(year, month, day), date(year, month, day)


_FORMS: Mapping[str, Callable[..., tuple[date, date]]] = {
    r"(\d{4})": lambda year: _part(year, 1, 12),
    r"(\d{4})-[SH](\d)": lambda year, number: _part(year, number, 6),
    r"(\d{4})-[TQ](\d)": lambda year, number: _part(year, number, 3),
    r"(\d{4})-(\d{2})": lambda year, number: _part(year, number, 1),
    r"(\d{4})-W(\d{1,2})": _week,
    r"(\d{4})-(\d{2})-(\d{2})": _day,
}
