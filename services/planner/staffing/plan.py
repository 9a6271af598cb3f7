"""The fewest desks of each half hour with which every half hour meets the target."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from services.planner.staffing import erlang
from services.planner.staffing.backlog import SLOT_S, HalfHour, PeriodLoad, half_hours
from services.planner.staffing.hall import Chances, Hall


@dataclass(frozen=True, slots=True)
class Target:
    """`share` of the visitors of each half hour are called within `within_s` seconds."""

    share: float
    within_s: float


@dataclass(frozen=True, slots=True)
class StationaryDesks:
    """What the textbook formulas ask for, each half hour as if it had always been like this."""

    erlangs: float
    by_c: int
    by_a: int


def plan(hall: Hall, load: PeriodLoad, share: float) -> list[int]:
    """Desks by half hour; one less in any of them alone would miss the share somewhere.

    First forward, each half hour with the fewest desks that serve its own visitors if they stay;
    then, where fewer desks follow and make the last of them wait, one more; then one less wherever
    every half hour can spare it.
    """
    slots = len(load.slot_arrivals())
    desks: list[int] = []
    state = hall.opening(load.crowd)
    for slot in range(slots):
        halves: dict[int, HalfHour] = {}

        def within(
            tried: int,
            slot: int = slot,
            state: Chances = state,
            halves: dict[int, HalfHour] = halves,
        ) -> float:
            staffed = [*desks, *[tried] * (slots - slot)]
            halves[tried] = next(half_hours(hall, load, staffed, first=slot, start=state))
            return halves[tried].within

        chosen = erlang.desks_for(share, within, guess=desks[-1] if desks else 1)
        desks.append(chosen)
        state = halves[chosen].hall
    return _spare(hall, load, share, _mend(hall, load, share, desks))


def stationary(
    load: PeriodLoad, service_s: float, patience_s: float | None, target: Target
) -> list[StationaryDesks]:
    """Desks by Erlang C and Erlang A of each half hour; its crowd counts as arrivals do."""
    found = []
    for slot, arrivals in enumerate(load.slot_arrivals()):
        erlangs = arrivals / load.slot_s(slot) * service_s

        def by(patience: float | None, erlangs: float = erlangs) -> int:
            return erlang.desks_for(
                target.share,
                lambda desks: erlang.within_a(desks, erlangs, service_s, patience, target.within_s),
            )

        found.append(StationaryDesks(erlangs, by(None), by(patience_s)))
    return found


def share_of_period(load: PeriodLoad, halves: Sequence[HalfHour]) -> tuple[float, float]:
    """Visitors of the period who are called within the time, and all of them."""
    arrivals = load.slot_arrivals()
    within = sum(n * half.within for n, half in zip(arrivals, halves, strict=True))
    return within, sum(arrivals)


def _mend(hall: Hall, load: PeriodLoad, share: float, desks: list[int]) -> list[int]:
    ends: list[Chances] = []
    while len(ends) < len(desks):
        slot = len(ends)
        half = next(half_hours(hall, load, desks, first=slot, start=_before(ends, slot)))
        if half.within >= share:
            ends.append(half.hall)
            continue
        desks = [*desks[:slot], desks[slot] + 1, *desks[slot + 1 :]]
    return desks


def _spare(hall: Hall, load: PeriodLoad, share: float, desks: list[int]) -> list[int]:
    ends = [half.hall for half in half_hours(hall, load, desks)]
    for slot in reversed(range(len(desks))):
        # The first half hour whose visitors may still wait in this one, within the target's time.
        first = max(0, slot - math.ceil(hall.within_s / SLOT_S))
        while desks[slot] > 1:
            fewer = [*desks[:slot], desks[slot] - 1, *desks[slot + 1 :]]
            later = []
            for half in half_hours(hall, load, fewer, first=first, start=_before(ends, first)):
                if half.within < share:
                    break
                later.append(half.hall)
            if first + len(later) < len(desks):
                break
            desks, ends = fewer, [*ends[:first], *later]
    return desks


def _before(ends: Sequence[Chances], slot: int) -> Chances | None:
    return ends[slot - 1] if slot else None
