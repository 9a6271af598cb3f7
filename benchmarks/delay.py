"""From the button to the row: `python -m benchmarks.delay`.

Simulated presses at the kiosks' buttons, at a rate: each makes a ticket durable in an outbox with
the real edge code, is delivered to a real Kafka, recorded by one real worker, and looked for in the
database as a visit until the transaction that also counted it is seen. The delay runs from just
before the press to the moment at which another session sees the row. Then the same while a second
worker joins the group, leaves it, joins again and is killed.
"""

from __future__ import annotations

import os
import random
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from string import ascii_uppercase
from uuid import UUID, uuid4

import click
import psycopg
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.machine import machine
from benchmarks.processes import running
from benchmarks.servers import database, servers, shipped_registry
from schemas.registry import Registry
from services.edge.clock import SystemClock
from services.edge.device import Device
from services.edge.emitter import Emitter
from services.edge.outbox import Outbox
from services.edge.producer import producer_factory
from services.edge.settings import EdgeSettings
from services.provision import topics as provision_topics
from services.runtime.kafka import Brokers

LOOK_EVERY_S = 0.002
PATIENCE_S = 60.0
PRESSES_PER_KIOSK_AND_S = 50
"""One outbox syncs its file at every press: more a second want more kiosks."""

NUMBERS_OF_A_ROLL = 10_000
"""Then a kiosk's ticket numbers start again."""

screen = Console()


@dataclass
class Presses:
    """When each button was pressed, and when its row was seen; seconds of one clock."""

    pressed: dict[UUID, float] = field(default_factory=dict)
    seen: dict[UUID, float] = field(default_factory=dict)

    def delays_ms(self, from_s: float = 0.0) -> list[float]:
        """In order of size, of what was pressed at or after an instant."""
        return sorted(
            (self.seen[one] - at) * 1_000 for one, at in self.pressed.items() if at >= from_s
        )


class Kiosk:
    """One device with an outbox of its own, and a thread that delivers it."""

    def __init__(
        self,
        code: str,
        site: str,
        queue: tuple[str, str, str],
        settings: Mapping[str, str],
        folder: Path,
        *,
        letters: str,
    ) -> None:
        """`queue` is its code, directorate and service; tickets begin with `letters`."""
        self._outbox = Outbox(folder / f"{code}.db")
        self._device = Device(code, site, self._outbox, SystemClock())
        self._queue = queue
        self._letters = letters
        self._issued = 0
        prefix = settings["PASSAGE_TOPIC_PREFIX"]
        edge = EdgeSettings(device=code, site=site, topic_prefix=prefix, compression="lz4")
        emitter = Emitter(
            self._outbox,
            producer_factory(edge, Brokers.at(settings["PASSAGE_KAFKA"])),
            topic_prefix=prefix,
        )
        self._stop = threading.Event()
        self._delivery = threading.Thread(target=emitter.run, args=[self._stop], daemon=True)
        self._delivery.start()

    def press(self) -> UUID:
        """A visitor asks for a ticket, and becomes a visit."""
        queue, directorate, service = self._queue
        wrap, number = divmod(self._issued, NUMBERS_OF_A_ROLL)
        self._issued += 1
        ticket = self._device.issue_ticket(
            queue, f"{self._letters}{number:04}", directorate, service, wrap=wrap
        )
        return ticket.visit_id

    def close(self) -> None:
        """End the delivery."""
        self._stop.set()
        self._delivery.join(timeout=10)


@click.command()
@click.option(
    "--rate", "rates", multiple=True, type=click.FloatRange(0.1, 2_000), default=(1, 50, 500),
    show_default=True, help="Presses a second, all kiosks together; may be given several times.",
)  # fmt: skip
@click.option("--seconds", default=60, show_default=True, type=click.IntRange(2))
@click.option("--rebalance/--no-rebalance", default=True, show_default=True)
def main(rates: tuple[float, ...], seconds: int, rebalance: bool) -> None:
    """Measure the delay from the button to the row."""
    table = Table("presses/s", "while", "presses", "p50 ms", "p99 ms", "slowest ms")
    registry = shipped_registry()
    with (
        tempfile.TemporaryDirectory(prefix="passage-delay-") as folder,
        servers(Path(folder) / "stack") as stack,
        database(stack, registry) as environ,
    ):
        screen.print(machine(stack))
        prefix = f"d{uuid4().hex[:6]}."
        provision_topics.apply(environ["PASSAGE_KAFKA"], prefix)
        settings = environ | {"PASSAGE_TOPIC_PREFIX": prefix, "PASSAGE_GROUP": f"{prefix}group"}
        with worker(settings), kiosks(registry, settings, Path(folder), max(rates)) as presses:
            # The first tickets meet a worker that has just joined, and producers that connect.
            measured(presses, settings, rate=20, seconds=5, label="warming up")
            for rate in rates:
                found = measured(presses, settings, rate=rate, seconds=seconds, label=f"{rate:g}/s")
                add(table, rate, "one worker", found)
            if rebalance:
                for name, disturbance in disturbances(settings):
                    found = measured(
                        presses, settings, rate=50, seconds=20, label=name, meanwhile=disturbance
                    )
                    add(table, 50, name, found)
    screen.print(table)


def add(table: Table, rate: float, name: str, found: Presses) -> None:
    """A row of percentiles."""
    delays = found.delays_ms()
    figures = (percentile(delays, 50), percentile(delays, 99), delays[-1])
    table.add_row(f"{rate:g}", name, str(len(delays)), *(f"{one:.0f}" for one in figures))


def percentile(ordered: Sequence[float], share: int) -> float:
    """The smallest value that at least so many of a hundred do not exceed."""
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


def worker(settings: Mapping[str, str]) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """A worker in the group; stopped as a service manager stops it."""
    return running("services.processor", environ=settings, log=Path(os.devnull))


@contextmanager
def kiosks(
    registry: Registry, settings: Mapping[str, str], folder: Path, rate: float
) -> Iterator[Callable[[], UUID]]:
    """As many kiosks as the rate needs; what is given presses the button of one of them."""
    wanted = max(2, -(-round(rate) // PRESSES_PER_KIOSK_AND_S))
    directorate_of = {one.code: one.directorate for one in registry.services}
    places = [
        (device, next(queue for queue in registry.queues if queue.site == device.site))
        for device in registry.devices
        if any(queue.site == device.site for queue in registry.queues)
    ]
    chance = random.Random(1)
    with ExitStack() as stack:
        at_work = []
        for number, (device, queue) in enumerate(places[:wanted]):
            kiosk = Kiosk(
                device.code,
                device.site,
                (queue.code, directorate_of[queue.service], queue.service),
                settings,
                folder,
                letters=f"B{ascii_uppercase[number % 26]}{ascii_uppercase[number // 26]}",
            )
            stack.callback(kiosk.close)
            at_work.append(kiosk)
        yield lambda: chance.choice(at_work).press()


def measured(
    press: Callable[[], UUID],
    settings: Mapping[str, str],
    *,
    rate: float,
    seconds: int,
    label: str,
    meanwhile: Callable[[], None] | None = None,
) -> Presses:
    """Press at random moments, at a rate, and wait until every row was seen."""
    presses, done = Presses(), threading.Event()
    watch = threading.Thread(target=look, args=[settings, presses, done])
    watch.start()
    other = threading.Thread(target=meanwhile) if meanwhile is not None else None
    if other is not None:
        other.start()
    chance = random.Random(rate)
    next_s = time.monotonic()
    for _ in track(range(round(rate * seconds)), description=label, console=screen):
        next_s += chance.expovariate(rate)
        time.sleep(max(0.0, next_s - time.monotonic()))
        at = time.monotonic()
        presses.pressed[press()] = at
    if other is not None:
        other.join()
    done.set()
    watch.join()
    return presses


def look(settings: Mapping[str, str], presses: Presses, done: threading.Event) -> None:
    """See rows as soon as they are committed; raises TimeoutError when one never comes."""
    waited_from: float | None = None
    with psycopg.connect(settings["PASSAGE_DATABASE_OWNER"], autocommit=True) as connection:
        while True:
            last = done.is_set()
            waiting = [one for one in list(presses.pressed) if one not in presses.seen]
            if waiting:
                rows = connection.execute(
                    "SELECT visit_id FROM visit WHERE visit_id = ANY(%s)", [waiting]
                ).fetchall()
                at = time.monotonic()
                presses.seen.update((one, at) for (one,) in rows)
            elif last:
                return
            if last:
                waited_from = waited_from or time.monotonic()
                if time.monotonic() - waited_from > PATIENCE_S:
                    raise TimeoutError(f"{len(waiting)} tickets were not recorded")
            time.sleep(LOOK_EVERY_S)


def disturbances(settings: Mapping[str, str]) -> Iterator[tuple[str, Callable[[], None]]]:
    """What happens to a second worker while tickets come."""

    def joins_and_leaves() -> None:
        with worker(settings):
            time.sleep(10)

    def joins_and_is_killed() -> None:
        with worker(settings) as second:
            time.sleep(8)
            second.kill()

    yield "a second worker joins, and leaves", joins_and_leaves
    yield "a second worker joins, and is killed", joins_and_is_killed


if __name__ == "__main__":
    main()
