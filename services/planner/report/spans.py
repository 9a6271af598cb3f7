"""The stretches of days that a report compares: its own, the one before, the year before. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from services.planner.period import Grain, Period, start_of
from services.planner.slots.calendar import days_between
from services.planner.typical.yearly import counterpart

_ONE_DAY = timedelta(days=1)
_GRAINS: tuple[Grain, ...] = ("year", "half", "quarter", "month", "week", "day")
_PIECES: dict[Grain, Grain] = {
    "year": "month",
    "half": "month",
    "quarter": "month",
    "month": "day",
    "week": "day",
    "day": "day",
}


@dataclass(frozen=True, slots=True)
class Spans:
    """Local days, both ends included."""

    now: Period
    """As far as it has gone."""
    previous: Period
    last_year: Period | None
    """From the first to the last counterpart; None where the calendar has none."""
    piece: Grain
    """The pieces of its series: months, or days where it has none."""


def spans_of(period: Period, today: date) -> Spans:
    """The spans of a named period; of one that is running, only its days that are over."""
    grain = grain_of(period)
    now = Period(period.first, min(period.last, today - _ONE_DAY), period.time_zone)
    then = [day for one in days_between(now.first, now.last) if (day := counterpart(one))]
    last_year = Period(min(then), max(then), period.time_zone) if then else None
    return Spans(now, _before(period, grain), last_year, _PIECES[grain])


def _before(period: Period, grain: Grain) -> Period:
    if grain == "day":
        # The same weekday: yesterday of a Monday is a Sunday.
        day = period.first - timedelta(weeks=1)
        return Period(day, day, period.time_zone)
    last = period.first - _ONE_DAY
    return Period(start_of(last, grain), last, period.time_zone)


def grain_of(period: Period) -> Grain:
    """Whether it is a year, a half, a quarter, a month, a week or a day."""
    for grain in _GRAINS:
        if (
            start_of(period.first, grain) == period.first
            and start_of(period.last, grain) == period.first
            and start_of(period.last + _ONE_DAY, grain) > period.last
        ):
            return grain
    raise ValueError(f"{period} is no period with a name")


def pieces_of(period: Period, grain: Grain) -> Iterator[date]:
    """The first day of each piece of the period, in order."""
    yield from sorted({start_of(day, grain) for day in days_between(period.first, period.last)})
