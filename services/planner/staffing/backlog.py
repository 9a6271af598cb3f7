"""The queue through an opening period: a crowd at the door, and a backlog carried along.

Approximations that patch a stationary formula (Green, Kolesar and Whitt, "Coping with time-varying
demand when setting staffing requirements for a service system", Production and Operations
Management 16, 2007) need the queue to forget its past within a half hour; after an opening crowd it
does not for hours. Here the hall's distribution is carried from one half hour to the next.

The wait is the offered one, of a visitor who stays until called. Seconds from the opening.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from services.planner.staffing.hall import Chances, Hall, Staffing

PIECE_S = 900.0
"""Arrivals are measured by the quarter of an hour."""
SLOT_S = 1800.0
"""Desks change by the half hour."""
STEP_S = 300.0
"""Arrivals are averaged over instants so far apart at most."""


@dataclass(frozen=True, slots=True)
class PeriodLoad:
    """What one opening period has to take, in mean numbers of visitors."""

    opens_min: int
    """Minutes after local midnight."""
    closes_min: int
    crowd: float
    """At the door when it opens."""
    pieces: tuple[float, ...]
    """Arrivals by quarter of an hour from the opening; the last may be shorter."""

    @property
    def length_s(self) -> float:
        """From opening to closing."""
        return (self.closes_min - self.opens_min) * 60.0

    def slot_arrivals(self) -> tuple[float, ...]:
        """Arrivals by half hour from the opening, the crowd in the first."""
        halves = [sum(self.pieces[i : i + 2]) for i in range(0, len(self.pieces), 2)]
        return (halves[0] + self.crowd, *halves[1:])

    def slot_s(self, slot: int) -> float:
        """Length of a half hour; the last may be shorter."""
        return min(SLOT_S, self.length_s - slot * SLOT_S)


@dataclass(frozen=True, slots=True)
class HalfHour:
    """What the model expects of one half hour."""

    within: float
    """Share of those who arrive in it that are called within the time."""
    hall: Chances
    """How many are in the hall at its end."""


def half_hours(
    hall: Hall,
    load: PeriodLoad,
    desks: Sequence[int],
    *,
    first: int = 0,
    start: Chances | None = None,
) -> Iterator[HalfHour]:
    """The half hours of a period from `first` on, each computed when it is asked for.

    `desks` are those of all half hours of the period. After closing, those of the last stay until
    the hall is empty. `start` is the hall at the beginning of half hour `first`; by default, the
    crowd at the opening.
    """
    state = hall.opening(load.crowd) if start is None else start
    for slot in range(first, len(desks)):
        came = weighted = 0.0
        if slot == 0 and load.crowd > 0:
            came = load.crowd
            weighted = came * hall.crowd_within(came, _ahead(desks, 0.0, hall.within_s))
        for piece in range(2 * slot, min(2 * slot + 2, len(load.pieces))):
            begin = piece * PIECE_S
            length = min(PIECE_S, load.length_s - begin)
            steps = math.ceil(length / STEP_S)
            rate = load.pieces[piece] / length
            shares = []
            for step in range(steps + 1):
                if step:
                    state = hall.advance(state, rate, desks[slot], length / steps)
                at = begin + step * length / steps
                # The last instant of a half hour still belongs to it: the desks of its end.
                shares.append(hall.within(state, _ahead(desks, at, hall.within_s, slot=slot)))
            mean = sum((one + two) / 2 for one, two in pairwise(shares)) / steps
            came += load.pieces[piece]
            weighted += load.pieces[piece] * mean
        yield HalfHour(weighted / came if came > 0 else 1.0, state)


def _ahead(desks: Sequence[int], at_s: float, for_s: float, *, slot: int | None = None) -> Staffing:
    """The desks of the `for_s` seconds that follow an instant, equal neighbours as one."""
    ends = at_s + for_s
    slot = int(at_s // SLOT_S) if slot is None else slot
    staffing: list[tuple[int, float]] = []
    while at_s < ends:
        last = slot >= len(desks) - 1
        until = ends if last else min(ends, max(at_s, (slot + 1) * SLOT_S))
        open_desks = desks[min(slot, len(desks) - 1)]
        if until > at_s:
            if staffing and staffing[-1][0] == open_desks:
                staffing[-1] = (open_desks, staffing[-1][1] + until - at_s)
            else:
                staffing.append((open_desks, until - at_s))
        at_s, slot = until, slot + 1
    return tuple(staffing)
