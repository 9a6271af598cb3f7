"""Step 4, as it happens: past days at once, then every event of today when its time comes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from itertools import chain, islice

from schemas.registry import Registry
from services.core.decisions import BACKFILL_HORIZON
from services.simulator.fleet import Fleet
from services.simulator.opening import LONGEST_CLOSURE_DAYS, NoOpenDay, open_days
from services.simulator.pace import as_they_happen
from services.simulator.screen import LiveScreen
from services.simulator.simulation import Simulation, generate
from services.simulator.stories import PlannedEvent

# What a stop waits for the broker's answers; what is not answered is sent again by the next play.
STOP_PATIENCE_S = 3.0


def days_before(registry: Registry, count: int, today: date) -> list[date]:
    """The last `count` open days before today, in order.

    Fewer where the registry is younger, or they would be so old that the pipeline refuses them.
    """
    found: list[date] = []
    with suppress(NoOpenDay):
        yesterday = today - timedelta(days=1)
        found.extend(islice(open_days(registry, yesterday, backwards=True), count))
    return [day for day in reversed(found) if today - day < BACKFILL_HORIZON]


def simulations(
    registry: Registry, past: Sequence[date], today: date, seed: int, scale: float
) -> Iterator[Simulation]:
    """The past days, today and all days after it; those without an event are left out.

    Each is generated when it is asked for, and is the same as `generate` makes it. Raises NoOpenDay
    when no further one comes.
    """
    empty = 0
    for day in chain(past, open_days(registry, today)):
        simulation = generate(registry, day, seed=seed, scale=scale)
        if simulation.events:
            empty = 0
            yield simulation
        elif (empty := empty + 1) > LONGEST_CLOSURE_DAYS:
            raise NoOpenDay(f"the sites have no queues or no devices in the days before {day}")


def connected(
    events: Sequence[PlannedEvent], unplugged: Collection[str], since: datetime
) -> Sequence[PlannedEvent]:
    """The events without those of the unplugged devices from `since` on."""
    return [e for e in events if e.device not in unplugged or e.occurred_at < since]


def play_live(
    played: Iterator[Simulation],
    fleet: Fleet,
    screen: LiveScreen,
    *,
    unplugged: Collection[str] = (),
    now: Callable[[], datetime],
    wait: Callable[[float], bool],
) -> None:
    """Play the days until `wait` returns True; then return when what was emitted is delivered.

    A day that is over when its turn comes is played at once, and delivered before the next, so that
    a month needs the room of a day. While the broker is away today goes on, as devices do. Raises
    PlayError when a past day, or at the end the rest, could not be delivered, and NoOpenDay.
    """
    started, stopped = now(), False

    def wait_and_tell(seconds: float) -> bool:
        nonlocal stopped
        fleet.report()
        stopped = wait(seconds)
        return stopped

    for simulation in played:
        opens, closes = simulation.events[0].occurred_at, simulation.events[-1].occurred_at
        if opens > now():
            screen.awaiting(simulation)
        is_past = closes <= now()
        with (screen.past if is_past else screen.today)(simulation) as show:
            fleet.expect(len(connected(simulation.events, unplugged, started)), show)
            for portion in as_they_happen(simulation.events, now=now, wait=wait_and_tell):
                if sent := connected(portion, unplugged, started):
                    fleet.emit(sent)
            if is_past:
                fleet.await_delivery(stopped=lambda: wait(0))
        stopped = stopped or wait(0)
        if stopped:
            break
    fleet.await_delivery(STOP_PATIENCE_S)
