"""One simulated device: the real edge code, with a virtual clock and an outbox of its own."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from schemas.events import DeviceEvent, VisitEvent
from services.edge.device import Device
from services.edge.emitter import Emitter
from services.edge.outbox import Outbox
from services.edge.producer import producer_factory
from services.edge.settings import EdgeSettings
from services.runtime.kafka import Brokers
from services.simulator.stories import PlannedEvent
from services.simulator.virtual_clock import VirtualClock


class Station:
    """A device that emits planned events, and delivers them to Kafka meanwhile."""

    def __init__(
        self, code: str, site: str, kafka: Brokers | str, folder: Path, topic_prefix: str
    ) -> None:
        self.outbox = Outbox(folder / f"{code}.db")
        self._clock = VirtualClock()
        self._event_id = UUID(int=0)
        self._device = Device(code, site, self.outbox, self._clock, mint_event_id=self._planned_id)
        brokers = Brokers.at(kafka)
        settings = EdgeSettings(
            device=code, site=site, topic_prefix=topic_prefix, compression="lz4"
        )
        self._emitter = Emitter(
            self.outbox,
            producer_factory(settings, brokers),
            addresses=brokers.addresses,
            topic_prefix=topic_prefix,
        )
        self._stop = threading.Event()
        self._delivery: Future[None] | None = None

    def deliver(self, executor: Executor, progress: Callable[[int], None]) -> None:
        """Start to deliver, in a thread of the executor."""
        self._delivery = executor.submit(self._emitter.run, self._stop, progress=progress)

    def emit(self, planned: Iterable[PlannedEvent]) -> None:
        """Make the events durable in one transaction, in their order."""
        self._device.emit_many(self._turned_to(planned))

    def require_running(self) -> None:
        """Raise what stopped the delivery, if something did."""
        if self._delivery is not None and self._delivery.done():
            self._delivery.result()

    def stop(self) -> None:
        """Ask the delivery to end; what waits stays in the outbox."""
        self._stop.set()

    def _turned_to(
        self, planned: Iterable[PlannedEvent]
    ) -> Iterator[tuple[type[VisitEvent | DeviceEvent], Mapping[str, Any]]]:
        # The device stamps each event as it takes it: clock and id are those of the one at hand.
        for event in planned:
            self._clock.turn_to(event)
            self._event_id = event.event_id
            yield event.event_class, event.fields

    def _planned_id(self, at: datetime) -> UUID:
        return self._event_id


def by_device(events: Iterable[PlannedEvent]) -> dict[str, list[PlannedEvent]]:
    """The events of each device, in order."""
    grouped: defaultdict[str, list[PlannedEvent]] = defaultdict(list)
    for event in events:
        grouped[event.device].append(event)
    return grouped
