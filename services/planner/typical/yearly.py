"""Year on year: each day beside the same ISO week and weekday of the year before. Pure.

Only pairs in which both days were open and are known are compared, per open day: a holiday that
moved, a closure or a kiosk that was silent does not pass for more or fewer visitors.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

Pairing = Literal["compared", "closed now", "closed then", "unknown", "week 53"]
"""Why a pair is compared or left out; `week 53`: the year before has no such week."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One open or closed day, and its counterpart."""

    day: date
    counterpart: date | None
    pairing: Pairing
    now: int | None
    then: int | None


@dataclass(frozen=True, slots=True)
class YearOnYear:
    """Passages per open day over the pairs that can be compared."""

    pairs: tuple[Pair, ...]

    @property
    def compared(self) -> tuple[Pair, ...]:
        """The pairs with two known counts."""
        return tuple(pair for pair in self.pairs if pair.pairing == "compared")

    @property
    def now(self) -> float | None:
        """Passages per open day in the period; None without a pair."""
        return _mean([pair.now for pair in self.compared])

    @property
    def then(self) -> float | None:
        """Passages per open day on the counterparts."""
        return _mean([pair.then for pair in self.compared])

    @property
    def change(self) -> float | None:
        """Relative change per open day; None without a pair or from nothing."""
        return self.now / self.then - 1 if self.now is not None and self.then else None

    @property
    def left_out(self) -> Mapping[Pairing, int]:
        """How many days are not compared, by reason."""
        return Counter(pair.pairing for pair in self.pairs if pair.pairing != "compared")


def counterpart(day: date) -> date | None:
    """The day of the same ISO week and weekday of the ISO year before; None where week 53 has none.

    It is 52 or 53 weeks earlier.
    """
    year, week, weekday = day.isocalendar()
    try:
        return date.fromisocalendar(year - 1, week, weekday)
    except ValueError:
        return None


def year_on_year(days: Iterable[date], totals: Mapping[date, int | None]) -> YearOnYear:
    """Compare days with their counterparts.

    `totals` has every open day of both years, None where the count is not known. A day that is
    open in neither year is not mentioned.
    """
    return YearOnYear(tuple(pair for day in days if (pair := _pair(day, totals)) is not None))


def _pair(day: date, totals: Mapping[date, int | None]) -> Pair | None:
    other = counterpart(day)
    now = totals.get(day)
    if other is None:
        return Pair(day, None, "week 53", now, None) if day in totals else None
    then = totals.get(other)
    pairing: Pairing
    if day not in totals and other not in totals:
        return None
    if day not in totals:
        pairing = "closed now"
    elif other not in totals:
        pairing = "closed then"
    else:
        pairing = "unknown" if now is None or then is None else "compared"
    return Pair(day, other, pairing, now, then)


def _mean(counts: list[int | None]) -> float | None:
    known = [count for count in counts if count is not None]
    return sum(known) / len(known) if known else None
