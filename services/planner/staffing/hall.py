"""The number of visitors in a hall, from one instant to the next: a Markov chain.

Poisson arrivals, exponential service, exponential patience, one queue before equal desks, first
come first served. The transient distribution is computed by uniformization (Jensen, "Markoff chains
as an aid in the study of Markoff processes", Skandinavisk Aktuarietidskrift 36, 1953): nothing is
assumed to have settled. All times are seconds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

_NEGLIGIBLE = 1e-9

Chances = list[float]
"""A probability by the number of visitors in the hall."""
Staffing = tuple[tuple[int, float], ...]
"""(desks, seconds) one after the other."""


@dataclass
class Hall:
    """One queue before equal desks; remembers what it has computed of waits."""

    service_s: float
    """Mean time that a visitor takes of a desk."""
    patience_s: float | None
    """Mean patience; None when nobody leaves."""
    within_s: float
    """The wait that shall not be exceeded."""
    _memory: dict[Staffing, Chances] = field(default_factory=dict, repr=False)

    def opening(self, crowd: float) -> Chances:
        """The hall when the doors open: a Poisson number of visitors with the given mean."""
        return _poisson(crowd)

    def crowd_within(self, crowd: float, staffing: Staffing) -> float:
        """Share of the crowd at the door that is called within the time; 1 when there is none."""
        if crowd <= _NEGLIGIBLE:
            return 1.0
        # The k-th in line has k-1 ahead: P(k-1 ahead) = P(crowd >= k) / E(crowd).
        ahead, tail = [], 1.0
        for chance in _poisson(crowd):
            tail -= chance
            ahead.append(max(0.0, tail) / crowd)
        return self._share(ahead, staffing) / sum(ahead)

    def within(self, hall: Chances, staffing: Staffing) -> float:
        """Share of those arriving into the hall who are called within the time."""
        return self._share(hall, staffing)

    def advance(self, hall: Chances, arrivals_per_s: float, desks: int, for_s: float) -> Chances:
        """The hall after a time with constant arrivals and desks."""
        room = len(hall) + len(_poisson(arrivals_per_s * for_s))
        leaving = [self._leaving(n, desks) for n in range(room)]
        rate = arrivals_per_s + leaving[-1]
        if rate <= 0:
            return hall
        up = arrivals_per_s / rate
        down = [one / rate for one in leaving]
        stay = [1 - up - one for one in down]
        # Nobody comes into the last state's successor: it is as good as never reached.
        stay[-1] += up
        chances = [*hall, *([0.0] * (room - len(hall)))]
        jumps = _poisson(rate * for_s)
        result = [jumps[0] * one for one in chances]
        for jump in jumps[1:]:
            chances = [
                at * s + below * up + above * d
                for at, s, below, above, d in zip(
                    chances,
                    stay,
                    [0.0, *chances[:-1]],
                    [*chances[1:], 0.0],
                    [*down[1:], 0.0],
                    strict=True,
                )
            ]
            if jump > 0:
                result = [r + jump * one for r, one in zip(result, chances, strict=True)]
        return _trimmed(result)

    def _leaving(self, visitors: int, desks: int) -> float:
        waiting = max(0, visitors - desks)
        lost = waiting / self.patience_s if self.patience_s else 0.0
        return min(visitors, desks) / self.service_s + lost

    def _share(self, hall: Chances, staffing: Staffing) -> float:
        called = self._called(staffing, len(hall))
        return min(1.0, sum(n * c for n, c in zip(hall, called, strict=False)))

    def _called(self, staffing: Staffing, room: int) -> Chances:
        """Chance to be called before the staffing ends, by the number of visitors ahead."""
        known = self._memory.get(staffing)
        if known is None or len(known) < room:
            known = [0.0] * (room + 50)
            for desks, for_s in reversed(staffing):
                known = self._called_before(known, desks, for_s)
            self._memory[staffing] = known
        return known

    def _called_before(self, later: Chances, desks: int, for_s: float) -> Chances:
        # Nobody joins ahead of one who waits: the number ahead only falls, and below the number of
        # desks the wait is over.
        room = len(later)
        chances = [1.0] * min(desks, room) + later[desks:]
        if desks >= room or for_s <= 0:
            return chances
        rate = self._leaving(room - 1, desks)
        if rate <= 0:
            return chances
        fall = [self._leaving(n, desks) / rate for n in range(desks, room)]
        waiting, edge = chances[desks:], [1.0] if desks else [0.0]
        jumps = _poisson(rate * for_s)
        result = [jumps[0] * one for one in waiting]
        for jump in jumps[1:]:
            waiting = [
                at + f * (below - at)
                for at, f, below in zip(waiting, fall, edge + waiting[:-1], strict=True)
            ]
            if jump > 0:
                result = [r + jump * one for r, one in zip(result, waiting, strict=True)]
        return chances[:desks] + result


def _poisson(mean: float) -> Chances:
    """Probabilities of 0, 1, 2 … until what is left out is negligible."""
    if mean <= 0:
        return [1.0]
    last = math.ceil(mean + 5 * math.sqrt(mean) + 7)
    log_mean = math.log(mean)
    chances = [
        math.exp(exponent) if (exponent := n * log_mean - mean - math.lgamma(n + 1)) > -50 else 0.0
        for n in range(last + 1)
    ]
    total = sum(chances)
    return [one / total for one in chances]


def _trimmed(chances: Chances) -> Chances:
    left_out = 0.0
    end = len(chances)
    while end > 1 and left_out + chances[end - 1] < _NEGLIGIBLE:
        end -= 1
        left_out += chances[end]
    return chances[:end]
