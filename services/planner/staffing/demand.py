"""What a weekday brings, from what was measured: arrivals, service times, patience."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.planner.staffing.backlog import PeriodLoad
from services.planner.staffing.patience import Patience, WaitCell, estimate

PIECE_MIN = 15

Hours = tuple[tuple[int, int], ...]
"""Opening periods [opens, closes) of a day, in minutes after local midnight, in order."""
DayLoad = tuple[PeriodLoad, ...]
"""What one day brought, by opening period."""


@dataclass(frozen=True, slots=True)
class QuarterHour:
    """What one service received in 15 minutes of its site's clock."""

    local_date: date
    minute: int
    """Minutes after local midnight at which it begins."""
    service: str
    arrivals: int
    """Queue entries that ask for a desk: without those sent on at once or cancelled."""
    no_show: int
    left: int
    waits: int
    wait_ms: int
    services: int
    service_ms: int


@dataclass(frozen=True, slots=True)
class Service:
    """How long a visitor takes of a desk."""

    mean_s: float
    cv: float
    """Standard deviation over mean."""
    n: int
    """Services measured."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What comes on one kind of day: the days as they were, and how each visitor behaves."""

    hours: Hours
    days: tuple[DayLoad, ...]
    service: Service
    patience: Patience
    after_closing: float = 0.0
    """Mean arrivals a day after the last closing, which are in no half hour."""

    def mean(self) -> DayLoad:
        """The mean of the days."""
        return tuple(_mean([day[i] for day in self.days]) for i in range(len(self.hours)))

    def total(self) -> float:
        """Mean arrivals a day."""
        return sum(sum(load.slot_arrivals()) for load in self.mean())

    def slot_quantile(self, q: float) -> list[list[float]]:
        """By opening period and half hour, arrivals that a share q of the days do not exceed."""
        rank = max(1, math.ceil(q * len(self.days))) - 1
        return [
            [
                sorted(slot)[rank]
                for slot in zip(*(day[i].slot_arrivals() for day in self.days), strict=True)
            ]
            for i in range(len(self.hours))
        ]


def measured(
    rows: Sequence[QuarterHour],
    days: Sequence[date],
    hours: Hours,
    *,
    service: Service,
) -> Demand:
    """The demand of these days, all with these opening hours; a day without rows brought nobody.

    The crowd at the door is whoever was recorded while it was closed before, and what the first
    quarter of an hour has, in the mean, above the second: a kiosk prints the tickets of a crowd
    over some minutes. Raises ValueError when there are no days.
    """
    if not days:
        raise ValueError("no days, no demand")
    by_day: dict[date, list[QuarterHour]] = {day: [] for day in days}
    for row in rows:
        if row.local_date in by_day:
            by_day[row.local_date].append(row)
    raw = [_day_load(by_day[day], hours) for day in days]
    means = [_mean([day[i] for day in raw]) for i in range(len(hours))]
    moved = [_crowd_share(mean) for mean in means]
    kept = [row for day in days for row in by_day[day]]
    late = sum(row.arrivals for row in kept if hours and row.minute >= hours[-1][1])
    return Demand(
        hours,
        tuple(
            tuple(_with_crowd(load, share) for load, share in zip(day, moved, strict=True))
            for day in raw
        ),
        service,
        estimate(WaitCell(r.waits, r.wait_ms / 1000, r.no_show, r.left) for r in kept),
        late / len(days),
    )


def service_time(
    rows: Sequence[QuarterHour], bins: Mapping[float, int], between_s: float
) -> Service | None:
    """Mean and spread of what a visitor takes of a desk; None when no service was measured.

    `bins` are service times in seconds and how often each was measured. `between_s` is what a desk
    needs from one visitor to the next: the call, the walk, the papers; no device measures it.
    """
    n = sum(row.services for row in rows)
    if n <= 0:
        return None
    mean_s = sum(row.service_ms for row in rows) / n / 1000
    counted = sum(bins.values())
    deviation = 0.0
    if counted > 1:
        center = sum(value * k for value, k in bins.items()) / counted
        squares = sum(k * (value - center) ** 2 for value, k in bins.items())
        deviation = math.sqrt(squares / (counted - 1))
    taken_s = mean_s + between_s
    if taken_s <= 0:
        return None
    return Service(taken_s, deviation / taken_s, n)


def _day_load(rows: Sequence[QuarterHour], hours: Hours) -> DayLoad:
    before = [0.0] * len(hours)
    pieces = [[0.0] * math.ceil((closes - opens) / PIECE_MIN) for opens, closes in hours]
    for row in rows:
        for i, (opens, closes) in enumerate(hours):
            if row.minute < opens:
                before[i] += row.arrivals
                break
            if row.minute < closes:
                pieces[i][(row.minute - opens) // PIECE_MIN] += row.arrivals
                break
    return tuple(
        PeriodLoad(opens, closes, crowd, tuple(counts))
        for (opens, closes), crowd, counts in zip(hours, before, pieces, strict=True)
    )


def _crowd_share(mean: PeriodLoad) -> float:
    first, *others = mean.pieces
    return max(0.0, first - others[0]) / first if first > 0 and others else 0.0


def _with_crowd(load: PeriodLoad, share: float) -> PeriodLoad:
    first, *others = load.pieces
    return PeriodLoad(
        load.opens_min,
        load.closes_min,
        load.crowd + share * first,
        ((1 - share) * first, *others),
    )


def _mean(loads: Sequence[PeriodLoad]) -> PeriodLoad:
    n = len(loads)
    return PeriodLoad(
        loads[0].opens_min,
        loads[0].closes_min,
        sum(load.crowd for load in loads) / n,
        tuple(sum(column) / n for column in zip(*(load.pieces for load in loads), strict=True)),
    )
