"""Open slots as arrays: what models read. Pure.

There is no row for a closed slot, so no model can see or forecast one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from services.planner.slots.calendar import SiteCalendar, Slot
from services.planner.slots.observed import Observed
from services.planner.typical.regimes import Zone, is_bridge, is_month_start, is_school_holiday

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Grain = Literal["hour", "day"]

DAY_MINUTES = 1440

Flags = Callable[[date], tuple[float, ...]]
"""What a calendar says of an open day besides its weekday, as numbers."""


def flags_of(calendar: SiteCalendar, zone: Zone | None) -> Flags:
    """First days of the month, bridge days, days after a closed day, school holidays of a zone."""

    def flags(day: date) -> tuple[float, ...]:
        before = day - timedelta(days=1)
        while not calendar.opens_on_weekday_of(before) and (day - before).days < 7:
            before -= timedelta(days=1)
        return (
            float(is_month_start(day, calendar)),
            float(is_bridge(day, calendar)),
            float(before in calendar.closed),
            float(zone is not None and is_school_holiday(day, zone)),
        )

    return flags


@dataclass(frozen=True, slots=True)
class Series:
    """The open slots of consecutive days, in order."""

    days: tuple[date, ...]
    """The open days."""
    ordinals: Ints
    """Of each day, as `date.toordinal`."""
    flags: Floats
    """A row a day."""
    day_of: Ints
    """Of each slot, its place in `days`."""
    cells: Ints
    """Of each slot, its place in the week: ISO weekday times 1440 plus minute of the local day."""
    counts: Floats
    """Of each slot; not a number where nobody knows."""
    slots: tuple[Slot, ...]

    def between(self, first: date, last: date) -> Series:
        """The days [first, last], both included."""
        low, high = np.searchsorted(self.ordinals, (first.toordinal(), last.toordinal() + 1))
        start, end = np.searchsorted(self.day_of, (low, high))
        return Series(
            self.days[low:high],
            self.ordinals[low:high],
            self.flags[low:high],
            self.day_of[start:end] - low,
            self.cells[start:end],
            self.counts[start:end],
            self.slots[start:end],
        )

    def before(self, day: date) -> Series:
        """The days before this one."""
        return self.between(date.min, day - timedelta(days=1))

    def by(self, grain: Grain, values: Floats) -> Floats:
        """Values of slots by grain: themselves, or summed by day; not a number where one is not."""
        return values if grain == "hour" else self.day_sums(values)

    def day_sums(self, values: Floats) -> Floats:
        """Sum over the slots of each day."""
        sums = np.bincount(self.day_of, weights=values, minlength=len(self.days))
        return sums.astype(np.float64)

    def season(self, grain: Grain) -> Ints:
        """What recurs every week: the cell of each slot, or the weekday of each day."""
        return self.cells if grain == "hour" else weekdays(self.ordinals)

    def day_ordinals(self, grain: Grain) -> Ints:
        """The day of each slot, or of each day."""
        return self.ordinals[self.day_of] if grain == "hour" else self.ordinals


def series_of(observed: Sequence[Observed], flags: Flags) -> Series:
    """Arrays of observed slots in order of time; future ones have no count."""
    days = tuple(dict.fromkeys(one.slot.day for one in observed))
    place = {day: number for number, day in enumerate(days)}
    counts = [np.nan if one.passages is None else one.passages for one in observed]
    width = len(flags(date(2024, 1, 2)))
    return Series(
        days,
        _ints([day.toordinal() for day in days]),
        np.array([flags(day) for day in days], dtype=np.float64).reshape(len(days), width),
        _ints([place[one.slot.day] for one in observed]),
        _ints([one.slot.day.isoweekday() * DAY_MINUTES + one.slot.minute for one in observed]),
        np.array(counts, dtype=np.float64),
        tuple(one.slot for one in observed),
    )


def weekdays(ordinals: Ints) -> Ints:
    """ISO weekday of each day."""
    return (ordinals - 1) % 7 + 1


def _ints(values: Sequence[Any]) -> Ints:
    return np.array(values, dtype=np.int64)
