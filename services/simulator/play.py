"""Step 4: play simulated days through the real edge, one outbox per device, into the real Kafka."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Lock

from services.simulator.pace import steps
from services.simulator.simulation import Simulation
from services.simulator.station import Station, by_device

# A broker that takes nothing for so long is not slow, it is away.
PATIENCE_S = 30.0
_LOOK_S = 0.05


class PlayError(Exception):
    """The play could not be brought to its end; the message says what remains and the remedy."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a play has come, in events of visits and devices."""

    simulated_at: datetime | None
    written: int
    delivered: int
    total: int


def play(
    simulation: Simulation,
    kafka: str,
    outboxes: Path,
    topic_prefix: str = "",
    speed: float | None = None,
    report: Callable[[Progress], None] = lambda progress: None,
    *,
    patience_s: float = PATIENCE_S,
) -> None:
    """Emit every event on its device; return once Kafka has acknowledged them all.

    `kafka` is `host:port[,host:port]`; `outboxes` a folder without outboxes, which keeps one file
    per device; `speed` simulated seconds per second, or None for as fast as possible. Delivery goes
    on while events are written. Playing the same simulation again delivers the same bytes, which
    count once. Raises PlayError; `report` is called several times a second.
    """
    if any(outboxes.glob("*.db")):
        raise PlayError(
            f"{outboxes} holds the outboxes of an earlier play, whose numbering would go on. "
            "Remedy: choose an empty folder"
        )
    outboxes.mkdir(parents=True, exist_ok=True)
    sites = {event.device: event.site for event in simulation.events}
    if not sites:
        return
    stations = {
        code: Station(code, site, kafka, outboxes, topic_prefix) for code, site in sites.items()
    }
    tracker = _Tracker(Progress(None, 0, 0, len(simulation.events)), report)
    with ThreadPoolExecutor(len(stations), "delivery") as executor:
        try:
            for station in stations.values():
                station.deliver(executor, tracker.delivered)
            for portion in steps(
                simulation.events, speed, monotonic=time.monotonic, sleep=time.sleep
            ):
                for code, events in by_device(portion).items():
                    stations[code].emit(events)
                tracker.written(portion[-1].occurred_at, len(portion))
            _await_delivery(list(stations.values()), tracker, patience_s)
        finally:
            for station in stations.values():
                station.stop()
    for station in stations.values():
        station.outbox.close()


class _Tracker:
    """Counts what several threads report."""

    def __init__(self, progress: Progress, report: Callable[[Progress], None]) -> None:
        self.progress = progress
        self._report = report
        self._lock = Lock()

    def written(self, simulated_at: datetime, events: int) -> None:
        with self._lock:
            self.progress = replace(
                self.progress,
                simulated_at=simulated_at,
                written=self.progress.written + events,
            )
        self.report()

    def delivered(self, events: int) -> None:
        with self._lock:
            self.progress = replace(self.progress, delivered=self.progress.delivered + events)

    def report(self) -> None:
        self._report(self.progress)


def _await_delivery(stations: Sequence[Station], tracker: _Tracker, patience_s: float) -> None:
    waiting = list(stations)
    delivered, since = -1, time.monotonic()
    while waiting:
        waiting = [station for station in waiting if not station.is_done()]
        tracker.report()
        if tracker.progress.delivered != delivered:
            delivered, since = tracker.progress.delivered, time.monotonic()
        elif time.monotonic() - since > patience_s:
            raise PlayError(_what_stands_in_the_way(waiting))
        time.sleep(_LOOK_S)
    refused = sum(station.outbox.status().refused for station in stations)
    if refused:
        raise PlayError(
            f"the broker refused {refused} events for good; they are kept in the outboxes. Remedy: "
            "`passage edge refused list` says why"
        )


def _what_stands_in_the_way(waiting: Sequence[Station]) -> str:
    events = sum(station.outbox.depth() for station in waiting)
    problems = sorted({p for s in waiting if (p := s.outbox.status().problem) is not None})
    cause = "; ".join(problems) or "the broker acknowledges nothing"
    return (
        f"{events} events are not delivered: {cause}. Play again: what arrived is not counted twice"
    )
