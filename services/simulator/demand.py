"""Step 1: who comes, when. Rates are visits of an ordinary open day of the shipped prefecture.

Orders of magnitude: 1,400 to 2,500 visitors a day for the foreigners' services of a department of
the petite couronne, a queue before opening, some hundreds a day elsewhere. The split is an example.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from random import Random
from zoneinfo import ZoneInfo

from services.simulator.opening import Periods, as_datetime

MINUTE_MS = 60_000
SLOT_MS = 15 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class Demand:
    """What one queue attracts on an ordinary day."""

    visits: float
    service_min: float
    """Mean minutes at the desk."""
    appointments: float = 0.0
    """Share of the visits that have an appointment."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody at the door, in epoch milliseconds."""

    at_ms: int
    by_appointment: bool


_BY_QUEUE = {
    "etr-sejour": Demand(930, 9.0, 0.55),
    "etr-remise": Demand(430, 5.0, 0.60),
    "etr-courrier": Demand(60, 2.5),
    "nat-naturalisation": Demand(120, 19.0, 0.80),
    "nat-asile": Demand(140, 18.0, 0.35),
    "lhay-sejour": Demand(90, 10.0, 0.50),
    "lhay-remise": Demand(50, 5.0, 0.50),
    "lhay-titres": Demand(35, 9.0, 0.30),
    "lhay-numerique": Demand(30, 15.0),
    "nog-france-services": Demand(80, 14.0, 0.20),
    "nog-sejour": Demand(60, 10.0, 0.50),
    "nog-remise": Demand(40, 5.0, 0.50),
    "nog-titres": Demand(35, 9.0, 0.30),
    "acc-accueil": Demand(190, 3.0),
    "acc-courrier": Demand(90, 2.2),
    "acc-permis": Demand(110, 8.0, 0.20),
    "acc-titres": Demand(80, 9.0, 0.30),
    "acc-associations": Demand(25, 14.0, 0.30),
    "acc-elections": Demand(20, 9.0),
    "acc-solidarites": Demand(45, 13.0, 0.25),
    "acc-protection": Demand(15, 12.0, 0.20),
    "pan-numerique": Demand(70, 16.0, 0.15),
}
_ELSEWHERE = Demand(40, 9.0, 0.2)

_WEEKDAY = (1.10, 1.04, 0.93, 1.00, 0.91, 0.80, 0.80)
_MONTH = (1.02, 0.97, 1.03, 1.00, 0.96, 1.04, 0.97, 0.87, 1.09, 1.05, 1.02, 0.91)
# By local hour, the flow once the doors are open; hours not named are quiet.
_HOUR = {8: 1.2, 9: 1.25, 10: 1.15, 11: 0.95, 12: 0.50, 13: 0.60, 14: 0.85, 15: 0.60, 16: 0.45}
_OPENING_SHARE = 0.16
_SECOND_OPENING_SHARE = 0.07
# Minutes that a desk needs from one visitor to the next: the call, the walk, the papers.
BETWEEN_MIN = 1.2
UTILISATION = 0.87
# Keeps a working day inside the range that the prefectures report.
_FACTOR_RANGE = (0.80, 1.26)


def demand_of(queue_code: str) -> Demand:
    """Demand of a queue; a queue unknown to the shipped example attracts a modest one."""
    return _BY_QUEUE.get(queue_code, _ELSEWHERE)


def day_factor(day: date, rng: Random) -> float:
    """How busy the whole prefecture is that day, against an ordinary one."""
    factor = _WEEKDAY[day.weekday()] * _MONTH[day.month - 1] * rng.gauss(1.0, 0.03)
    low, high = _FACTOR_RANGE
    return min(max(factor, low), high)


def arrivals(
    demand: Demand,
    periods: Periods,
    zone: ZoneInfo,
    factor: float,
    rng: Random,
) -> list[Arrival]:
    """Everyone who comes to one queue that day, in order of arrival.

    Part of those without appointment stand at the door before it opens: they arrive as a batch.
    """
    with_appointment = poisson(demand.visits * demand.appointments * factor, rng)
    without = poisson(demand.visits * (1 - demand.appointments) * factor, rng)
    slots, weights = _slots(periods, zone)
    booked = [
        Arrival(_near_appointment(slot, periods, rng), True)
        for slot in rng.choices(slots, [min(w, 0.8) for w in weights], k=with_appointment)
    ]
    walk_in = []
    for _ in range(without):
        opens = _opening_batch(periods, rng)
        if opens is not None:
            at_ms = opens + round(rng.triangular(-5, 14, 0) * MINUTE_MS)
        else:
            at_ms = rng.choices(slots, weights)[0] + rng.randrange(SLOT_MS)
        walk_in.append(Arrival(at_ms, False))
    return sorted(booked + walk_in, key=lambda arrival: arrival.at_ms)


def desks_needed(demand: Demand, periods: Periods, scale: float) -> int:
    """Desks that an ordinary day keeps nearly busy: enough for the day, too few for its peak."""
    open_ms = sum(closes - opens for opens, closes in periods)
    work_ms = demand.visits * scale * (demand.service_min + BETWEEN_MIN) * MINUTE_MS
    return max(1, math.ceil(work_ms / (UTILISATION * open_ms) - 0.1))


def poisson(mean: float, rng: Random) -> int:
    """A Poisson count; beyond 50 its normal approximation, to the same eye."""
    if mean > 50:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count


def _slots(periods: Periods, zone: ZoneInfo) -> tuple[list[int], list[float]]:
    slots, weights = [], []
    last_slot = periods[-1][1] - SLOT_MS
    for opens, closes in periods:
        for slot in range(opens, closes, SLOT_MS):
            weight = _HOUR.get(as_datetime(slot).astimezone(zone).hour, 0.3)
            slots.append(slot)
            # Nobody likes to come when the desks are about to close.
            weights.append(weight if slot < last_slot else weight * 0.25)
    return slots, weights


def _opening_batch(periods: Periods, rng: Random) -> int | None:
    draw = rng.random()
    if draw < _OPENING_SHARE:
        return periods[0][0]
    if len(periods) > 1 and draw < _OPENING_SHARE + _SECOND_OPENING_SHARE:
        return periods[1][0]
    return None


def _near_appointment(slot: int, periods: Periods, rng: Random) -> int:
    at_ms = slot + round(rng.gauss(-7, 5) * MINUTE_MS)
    earliest = periods[0][0] - 5 * MINUTE_MS
    return max(at_ms, earliest + rng.randrange(2 * MINUTE_MS))
