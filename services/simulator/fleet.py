"""The devices of a play: the real edge, one outbox each, delivering to the real Kafka meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Lock
from types import TracebackType

from services.runtime.kafka import Brokers
from services.simulator.station import Station, by_device
from services.simulator.stories import PlannedEvent

# A broker that takes nothing for so long is not slow, it is away.
PATIENCE_S = 30.0
_LOOK_S = 0.05
# Deliveries take part of a second; after so long it is worth asking the devices what is wrong.
_SUSPECT_S = 5.0


class PlayError(Exception):
    """The play could not be brought to its end; the message says what remains and the remedy."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a play has come, in events of visits and devices."""

    simulated_at: datetime | None
    written: int
    delivered: int
    total: int
    problem: str | None = None
    """Why nothing is delivered, when that lasts."""


class Fleet:
    """Devices that emit planned events and deliver them, from `with` to its end.

    Whatever is not delivered by then stays in the outboxes. Raises PlayError when the folder holds
    outboxes already: their numbering would go on, and the same events would have other bytes.
    """

    def __init__(
        self,
        site_of: Mapping[str, str],
        kafka: Brokers | str,
        outboxes: Path,
        topic_prefix: str = "",
    ) -> None:
        if any(outboxes.glob("*.db")):
            raise PlayError(
                f"{outboxes} holds the outboxes of an earlier play, whose numbering would go on. "
                "Remedy: choose an empty folder"
            )
        outboxes.mkdir(parents=True, exist_ok=True)
        self._stations = {
            code: Station(code, site, kafka, outboxes, topic_prefix)
            for code, site in site_of.items()
        }
        self._executor = ThreadPoolExecutor(max(1, len(self._stations)), "delivery")
        self._lock = Lock()
        self._show: Callable[[Progress], None] = lambda progress: None
        self._progress = Progress(None, 0, 0, 0)
        self._moved_at = time.monotonic()

    def __enter__(self) -> Fleet:
        for station in self._stations.values():
            station.deliver(self._executor, self._delivered)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for station in self._stations.values():
            station.stop()
        self._executor.shutdown()
        for station in self._stations.values():
            station.outbox.close()

    def expect(self, total: int, show: Callable[[Progress], None]) -> None:
        """Count anew from here: so many events are to come, and `show` hears how far it is."""
        with self._lock:
            self._show = show
            self._progress = Progress(None, 0, 0, total)

    def emit(self, portion: Sequence[PlannedEvent]) -> None:
        """Make the events, in order of time, durable on their devices."""
        for code, events in by_device(portion).items():
            self._stations[code].emit(events)
        with self._lock:
            self._progress = replace(
                self._progress,
                simulated_at=portion[-1].occurred_at,
                written=self._progress.written + len(portion),
            )
        self.report()

    def report(self) -> None:
        """Show how far it is. Raises what stopped a device's delivery, if something did."""
        for station in self._stations.values():
            station.require_running()
        progress = self._progress
        if progress.delivered < progress.written and self._stands_still_s() > _SUSPECT_S:
            problem = "; ".join(self._problems()) or None
            progress = replace(progress, problem=problem)
        self._show(progress)

    def await_delivery(
        self, patience_s: float = PATIENCE_S, stopped: Callable[[], bool] = lambda: False
    ) -> None:
        """Return once Kafka has acknowledged everything, or `stopped()` is true.

        Raises PlayError when nothing was acknowledged for `patience_s`, or something was refused.
        """
        waiting = list(self._stations.values())
        self._moved_at = time.monotonic()
        while waiting and not stopped():
            waiting = [station for station in waiting if station.outbox.depth()]
            self.report()
            if waiting and self._stands_still_s() > patience_s:
                raise PlayError(self._what_stands_in_the_way(waiting))
            time.sleep(_LOOK_S)
        refused = sum(station.outbox.status().refused for station in self._stations.values())
        if refused:
            raise PlayError(
                f"the broker refused {refused} events for good; they are kept in the outboxes. "
                "Remedy: `passage edge refused list` says why"
            )

    def _delivered(self, events: int) -> None:
        with self._lock:
            self._moved_at = time.monotonic()
            delivered = self._progress.delivered + events
            self._progress = replace(self._progress, delivered=delivered)

    def _stands_still_s(self) -> float:
        return time.monotonic() - self._moved_at

    def _problems(self) -> list[str]:
        statuses = [station.outbox.status() for station in self._stations.values()]
        return sorted({s.problem for s in statuses if s.depth and s.problem is not None})

    def _what_stands_in_the_way(self, waiting: Sequence[Station]) -> str:
        events = sum(station.outbox.depth() for station in waiting)
        cause = "; ".join(self._problems()) or "the broker acknowledges nothing"
        return (
            f"{events} events are not delivered: {cause}. "
            "Play again: what arrived is not counted twice"
        )
