"""A staffing plan with everything that is said of it: by half hour, and of the whole day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from services.planner.staffing.backlog import SLOT_S, HalfHour, PeriodLoad, half_hours
from services.planner.staffing.demand import Demand
from services.planner.staffing.hall import Hall
from services.planner.staffing.plan import (
    StationaryDesks,
    Target,
    plan,
    share_of_period,
    stationary,
)
from services.planner.staffing.scenario import more_desks
from services.planner.staffing.simulate import Draw, random_day, replayed_day, serve

SIMULATED_DAYS = 200
_SEED = 1


@dataclass(frozen=True, slots=True)
class SlotAnswer:
    """One half hour. Times of day in minutes after local midnight, waits in seconds."""

    from_min: int
    to_min: int
    at_door: float
    """Mean number of visitors at the door at an opening, within the arrivals."""
    arrivals: float
    arrivals_p90: float
    textbook: StationaryDesks
    planned: int
    """Desks of the plan."""
    desks: int
    """Desks of which the rest speaks: those of the plan, or those that were asked about."""
    within: float
    """Share called within the target's time, by the model."""
    longest_wait_s: float
    """Mean, over simulated days, of the longest wait of a visitor of this half hour."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The same day with so many desks more in every half hour; negative for fewer."""

    change: int
    within: float
    """Share called within the target's time over the day, by the model."""
    worst_half_hour: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A staffed day."""

    slots: tuple[SlotAnswer, ...]
    within: float
    """Share of the day called within the target's time, by the model."""
    simulated: float
    """The same by simulation of Poisson days with the measured spread of service times."""
    replayed: tuple[float, ...]
    """The same for each measured day as it was."""
    what_if: tuple[WhatIf, ...]
    ends_late_s: float
    """Mean seconds after the last closing until the last visitor has been served."""


@dataclass
class _Simulated:
    """What simulated days gave, added up."""

    n: int = 0
    within: int = 0
    longest_s: list[float] = field(default_factory=list)

    @property
    def share(self) -> float:
        return self.within / self.n if self.n else 1.0


def answer(demand: Demand, target: Target, given: Sequence[int] | None = None) -> Answer:
    """Plan the mean day of a demand; where desks are `given`, say what becomes of it with those.

    `given` has one number for all half hours, or one for each. Raises ValueError otherwise.
    """
    loads = demand.mean()
    p90 = demand.slot_quantile(0.9)
    hall = Hall(demand.service.mean_s, demand.patience.mean_s, target.within_s)
    counts = [len(load.slot_arrivals()) for load in loads]
    planned = [plan(hall, load, target.share) for load in loads]
    desks = planned if given is None else _by_period(given, counts)
    draw = Draw(demand.service.mean_s, demand.service.cv, demand.patience.mean_s)
    halves = _halves(hall, loads, desks)
    rng = Random(_SEED)
    slots: list[SlotAnswer] = []
    simulated, replays = _Simulated(), [_Simulated() for _ in demand.days]
    for i, load in enumerate(loads):
        longest, late_s = _simulate(simulated, load, desks[i], draw, rng, target.within_s)
        for day, replay in zip(demand.days, replays, strict=True):
            _replay(replay, day[i], desks[i], draw, rng, target.within_s)
        textbook = stationary(load, demand.service.mean_s, demand.patience.mean_s, target)
        for slot, half in enumerate(halves[i]):
            begins = load.opens_min + round(slot * SLOT_S / 60)
            slots.append(
                SlotAnswer(
                    begins,
                    begins + round(load.slot_s(slot) / 60),
                    0.0 if slot else load.crowd,
                    load.slot_arrivals()[slot],
                    p90[i][slot],
                    textbook[slot],
                    planned[i][slot],
                    desks[i][slot],
                    half.within,
                    longest[slot],
                )
            )
    fewer, more = (
        _halves(hall, loads, [more_desks(one, change) for one in desks]) for change in (-1, 1)
    )
    what_if = (_what_if(loads, fewer, -1), _what_if(loads, halves, 0), _what_if(loads, more, 1))
    return Answer(
        tuple(slots),
        what_if[1].within,
        simulated.share,
        tuple(replay.share for replay in replays if replay.n),
        what_if,
        late_s,
    )


def _halves(
    hall: Hall, loads: Sequence[PeriodLoad], desks: Sequence[Sequence[int]]
) -> list[list[HalfHour]]:
    return [
        list(half_hours(hall, load, staffed)) for load, staffed in zip(loads, desks, strict=True)
    ]


def _what_if(
    loads: Sequence[PeriodLoad], halves: Sequence[Sequence[HalfHour]], change: int
) -> WhatIf:
    shares = [share_of_period(load, period) for load, period in zip(loads, halves, strict=True)]
    came = sum(n for _, n in shares)
    return WhatIf(
        change,
        sum(called for called, _ in shares) / came if came else 1.0,
        min(half.within for period in halves for half in period),
    )


def _simulate(
    total: _Simulated,
    load: PeriodLoad,
    desks: Sequence[int],
    draw: Draw,
    rng: Random,
    within_s: float,
) -> tuple[list[float], float]:
    """Add simulated days; returns the mean longest wait by half hour, and the mean overtime."""
    longest = [0.0] * len(desks)
    late_s = 0.0
    for _ in range(SIMULATED_DAYS):
        day = [0.0] * len(desks)
        ended_s = 0.0
        for fate in serve(random_day(load, draw, rng), desks):
            slot = min(int(fate.at_s // SLOT_S), len(desks) - 1)
            waited_s = min(fate.offered_wait_s, fate.ended_s - fate.at_s)
            day[slot] = max(day[slot], waited_s)
            ended_s = max(ended_s, fate.ended_s)
            total.n += 1
            total.within += fate.offered_wait_s <= within_s
        longest = [one + wait_s / SIMULATED_DAYS for one, wait_s in zip(longest, day, strict=True)]
        late_s += max(0.0, ended_s - load.length_s) / SIMULATED_DAYS
    return longest, late_s


def _replay(
    total: _Simulated,
    day: PeriodLoad,
    desks: Sequence[int],
    draw: Draw,
    rng: Random,
    within_s: float,
) -> None:
    for fate in serve(replayed_day(day, draw, rng), desks):
        total.n += 1
        total.within += fate.offered_wait_s <= within_s


def _by_period(given: Sequence[int], counts: Sequence[int]) -> list[list[int]]:
    if len(given) == 1:
        return [[given[0]] * count for count in counts]
    if len(given) != sum(counts):
        raise ValueError(f"{len(given)} numbers of desks for {sum(counts)} half hours")
    split, at = [], 0
    for count in counts:
        split.append(list(given[at : at + count]))
        at += count
    return split
