"""What was counted in each open slot, zero told from unknown. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.planner.slots.calendar import SiteCalendar, Slot, days_between

SEEN = 0.9
"""An hour of which devices vouch for a smaller share is unknown: its counts are too small."""

AT_THE_DOOR = timedelta(minutes=30)
"""Who is recorded so little before the opening or after the closing belongs to the slot beside."""


@dataclass(frozen=True, slots=True)
class Observed:
    """One open slot; passages are None where nobody knows them."""

    slot: Slot
    passages: int | None


@dataclass(frozen=True, slots=True)
class Observations:
    """Every open slot of a period in order, and what was counted at other times."""

    slots: tuple[Observed, ...]
    outside: int
    """Passages further than AT_THE_DOOR from any open slot: in no figure made of these slots."""

    def by_day(self) -> dict[date, tuple[Observed, ...]]:
        """The slots of each open day, in order."""
        days: dict[date, list[Observed]] = defaultdict(list)
        for observed in self.slots:
            days[observed.slot.day].append(observed)
        return {day: tuple(slots) for day, slots in days.items()}

    def day_totals(self) -> dict[date, int | None]:
        """Passages of each open day; None where a slot of it is unknown."""
        totals: dict[date, int | None] = {}
        for day, slots in self.by_day().items():
            known = [one.passages for one in slots if one.passages is not None]
            totals[day] = sum(known) if len(known) == len(slots) else None
        return totals


def observe(
    calendar: SiteCalendar,
    first: date,
    last: date,
    minutes: int,
    *,
    counts: Mapping[datetime, int],
    site_days: frozenset[date],
    coverage: Mapping[datetime, float],
) -> Observations:
    """Lay counts by 15-minute bucket on the open slots of the local days [first, last].

    `coverage` is the share of an hour that devices vouch for, by start of the local hour; it begins
    with the first sign of life. An hour without it is known when the day is in `site_days`, those
    on which the site counted anybody: history that was imported has no signs of life.
    """
    slots = [slot for day in days_between(first, last) for slot in calendar.slots(day, minutes)]
    starts = [slot.start for slot in slots]
    length = timedelta(minutes=minutes)
    sums: dict[datetime, int] = defaultdict(int)
    outside = 0
    for at, passages in counts.items():
        start = _slot_of(at, starts, length)
        if start is None:
            outside += passages
        else:
            sums[start] += passages

    def is_known(slot: Slot) -> bool:
        hour = slot.start - timedelta(minutes=slot.minute % 60)
        share = coverage.get(hour)
        return slot.day in site_days if share is None else share >= SEEN

    observed = (
        Observed(slot, max(0, sums.get(slot.start, 0)) if is_known(slot) else None)
        for slot in slots
    )
    return Observations(tuple(observed), outside)


def _slot_of(at: datetime, starts: list[datetime], length: timedelta) -> datetime | None:
    """The start of the slot that holds the bucket, or of the nearest one beside it."""
    place = bisect_right(starts, at)
    before = starts[place - 1] if place else None
    after = starts[place] if place < len(starts) else None
    if before is not None and at < before + length:
        return before
    if after is not None and after - at <= AT_THE_DOOR:
        return after
    if before is not None and at - (before + length) < AT_THE_DOOR:
        return before
    return None
