"""Which days of the measured period speak for a weekday."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.planner.staffing.demand import Hours

SEEN = 0.9
"""A day of which devices vouch for less is left out: its counts are too small."""


@dataclass(frozen=True, slots=True)
class Opening:
    """One opening period of an ISO weekday; validity dates are half-open."""

    valid_from: date | None
    valid_to: date | None
    iso_weekday: int
    opens_min: int
    closes_min: int


@dataclass(frozen=True, slots=True)
class ChosenDays:
    """The days that count, and how many were left out."""

    days: tuple[date, ...]
    hours: Hours
    """Opening hours of these days: those of the last of them."""
    unseen: int
    """Days left out because devices were not heard, or nothing was recorded yet."""
    other_hours: int
    """Days left out because the site had other hours then."""


def hours_on(day: date, opening: Sequence[Opening], closed: Collection[date]) -> Hours:
    """Opening periods of a local day; none on a closed one."""
    if day in closed:
        return ()
    return tuple(
        sorted(
            (one.opens_min, one.closes_min)
            for one in opening
            if one.iso_weekday == day.isoweekday()
            and (one.valid_from is None or one.valid_from <= day)
            and (one.valid_to is None or day < one.valid_to)
        )
    )


def choose(
    candidates: Sequence[date],
    opening: Sequence[Opening],
    closed: Collection[date],
    coverage: Mapping[date, float],
    recorded: Collection[date],
) -> ChosenDays:
    """The open days among the candidates, in order of date, with known counts and equal hours.

    `coverage` has a day since devices report signs of life; before, and where none came at all, a
    day counts when something was `recorded`: history that was imported has no signs of life.
    """
    open_days = [(day, hours) for day in candidates if (hours := hours_on(day, opening, closed))]
    seen = [
        (day, hours)
        for day, hours in open_days
        if coverage.get(day, 0.0) >= SEEN or (not coverage.get(day) and day in recorded)
    ]
    hours = seen[-1][1] if seen else ()
    equal = tuple(day for day, its in seen if its == hours)
    return ChosenDays(equal, hours, len(open_days) - len(seen), len(seen) - len(equal))


def days_between(first: date, last: date) -> Iterator[date]:
    """Each day of [first, last], both included."""
    for n in range((last - first).days + 1):
        yield first + timedelta(days=n)


def next_open(
    day: date, opening: Sequence[Opening], closed: Collection[date], *, within_days: int = 31
) -> date | None:
    """The first open day after this one; None when there is none soon."""
    for n in range(1, within_days + 1):
        later = day + timedelta(days=n)
        if hours_on(later, opening, closed):
            return later
    return None
