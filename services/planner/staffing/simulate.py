"""A hall event by event: checks the model, and replays days as they were.

One queue, first come first served. A visitor whose offered wait is longer than their patience
leaves and takes no desk. A desk that closes at a half hour finishes whom it serves. Seconds from
the opening.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from services.planner.staffing.backlog import PIECE_S, SLOT_S, PeriodLoad


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who arrives when, how long they would take of a desk, and how long they would wait."""

    at_s: float
    service_s: float
    patience_s: float = math.inf


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a visitor."""

    at_s: float
    offered_wait_s: float
    """The wait of one who stays until called."""
    left: bool
    ended_s: float
    """When they left the desk, or gave up."""


def serve(visitors: Sequence[Visitor], desks: Sequence[int]) -> list[Fate]:
    """Let the visitors, in order of arrival, through the desks of each half hour.

    The desks of the last half hour stay until everybody is served; there must be one at least.
    """
    if not desks or desks[-1] < 1:
        raise ValueError("the last half hour needs a desk: nobody would ever be called")
    free = [(_open_from(desk, 0.0, desks), desk) for desk in range(max(desks))]
    heapq.heapify(free)
    fates = []
    for visitor in visitors:
        while True:
            free_s, desk = free[0]
            begins_s = max(free_s, visitor.at_s)
            opens_s = _open_from(desk, begins_s, desks)
            if opens_s == begins_s:
                break
            heapq.heapreplace(free, (opens_s, desk))
        wait_s = begins_s - visitor.at_s
        if wait_s > visitor.patience_s:
            fates.append(Fate(visitor.at_s, wait_s, True, visitor.at_s + visitor.patience_s))
        else:
            ended_s = begins_s + visitor.service_s
            heapq.heapreplace(free, (ended_s, desk))
            fates.append(Fate(visitor.at_s, wait_s, False, ended_s))
    return fates


def _open_from(desk: int, at_s: float, desks: Sequence[int]) -> float:
    slot = min(int(at_s // SLOT_S), len(desks) - 1)
    if desk < desks[slot]:
        return at_s
    for later in range(slot + 1, len(desks)):
        if desk < desks[later]:
            return later * SLOT_S
    return math.inf


@dataclass(frozen=True, slots=True)
class Draw:
    """From what services and patience are drawn."""

    service_s: float
    service_cv: float
    """Standard deviation over mean; 1 draws exponential services, else lognormal ones."""
    patience_s: float | None

    def visitor(self, at_s: float, rng: Random) -> Visitor:
        """Somebody who arrives then."""
        if self.service_cv == 1:
            service_s = rng.expovariate(1 / self.service_s)
        else:
            variance = math.log1p(self.service_cv**2)
            service_s = rng.lognormvariate(
                math.log(self.service_s) - variance / 2, math.sqrt(variance)
            )
        patience_s = rng.expovariate(1 / self.patience_s) if self.patience_s else math.inf
        return Visitor(at_s, service_s, patience_s)


def random_day(load: PeriodLoad, draw: Draw, rng: Random) -> list[Visitor]:
    """Visitors of a period whose numbers are Poisson around the mean."""
    counts = [poisson(piece, rng) for piece in load.pieces]
    return _visitors(load, poisson(load.crowd, rng), counts, draw, rng)


def replayed_day(load: PeriodLoad, draw: Draw, rng: Random) -> list[Visitor]:
    """Visitors of a period whose numbers are these; a fraction is one more by chance."""
    counts = [_whole(piece, rng) for piece in load.pieces]
    return _visitors(load, _whole(load.crowd, rng), counts, draw, rng)


def poisson(mean: float, rng: Random) -> int:
    """A Poisson count: as many as exponential gaps fit into the mean."""
    count, reached = 0, rng.expovariate(1.0)
    while reached < mean:
        count += 1
        reached += rng.expovariate(1.0)
    return count


def _whole(number: float, rng: Random) -> int:
    whole = math.floor(number)
    return whole + (rng.random() < number - whole)


def _visitors(
    load: PeriodLoad, crowd: int, counts: Sequence[int], draw: Draw, rng: Random
) -> list[Visitor]:
    arrivals = [0.0] * crowd
    for piece, count in enumerate(counts):
        begin = piece * PIECE_S
        length = min(PIECE_S, load.length_s - begin)
        arrivals += [begin + rng.random() * length for _ in range(count)]
    return [draw.visitor(at_s, rng) for at_s in sorted(arrivals)]
