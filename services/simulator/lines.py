"""A queue with its desks, as one day sees it, and the habits of those who wait in it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import date

from schemas.registry import Registry
from services.simulator.demand import Demand, demand_of, desks_needed
from services.simulator.opening import Periods
from services.simulator.stories import Stay, Visit

# What becomes of those called; the rest is served at once.
NO_SHOW = 0.012
SENT_BACK = 0.015
RECALLED = 0.08
TRANSFERRED = 0.015
TRANSFERRED_UNSERVED = 0.3
FORGOTTEN = 0.007
COMES_BACK_LATE = 0.12
# What becomes of those who wait.
IMPATIENT = 0.05
PATIENCE_MIN = 30
SAYS_GOODBYE = 0.3
CANCELS = 0.012
WRONG_CHOICE = 0.006


@dataclass(slots=True, eq=False)
class Visitor:
    """Somebody in the hall: the story so far, and what the desks do not know."""

    visit: Visit
    gone: bool = False
    """Walked out without a word."""

    @property
    def stay(self) -> Stay:
        """The wait under way, or the last one."""
        return self.visit.stays[-1]


@dataclass(slots=True)
class Line:
    """One queue, its desks, and who waits in it, first come first served."""

    queue: str
    prefix: str
    directorate: str
    service: str
    demand: Demand
    desks: tuple[str | None, ...]
    """Codes; None where the registry has no desk at the site."""
    waiting: deque[Visitor] = field(default_factory=deque)
    free: list[str | None] = field(init=False)

    def __post_init__(self) -> None:
        self.free = list(reversed(self.desks))

    @property
    def busy(self) -> int:
        """Desks that are calling or serving."""
        return len(self.desks) - len(self.free)


def lines_of(
    registry: Registry, site: str, day: date, periods: Periods, scale: float
) -> dict[str, Line]:
    """The site's queues in force that day, each with the desks that an ordinary day needs."""
    services = {s.code: s for s in registry.services if s.valid_on(day)}
    desks = [d.code for d in registry.desks if d.site == site and d.valid_on(day)]
    lines = {}
    taken = 0
    for queue in registry.queues:
        if queue.site != site or not queue.valid_on(day) or queue.service not in services:
            continue
        demand = demand_of(queue.code)
        wanted = desks_needed(demand, periods, scale)
        # More desks than the registry has (a large scale): the same desks serve several lines.
        codes = [desks[i % len(desks)] if desks else None for i in range(taken, taken + wanted)]
        taken += wanted
        lines[queue.code] = Line(
            queue.code,
            queue.prefix,
            services[queue.service].directorate,
            queue.service,
            demand,
            tuple(codes),
        )
    return lines
