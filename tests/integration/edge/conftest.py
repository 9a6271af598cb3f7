"""A kiosk on the real broker, and what arrived there."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.whole_topic import messages_in
from schemas.codec import decode
from schemas.events import Called, CheckedIn, DeviceEvent, TicketIssued, VisitEvent
from services.edge.clock import SystemClock
from services.edge.delivery import MAX_WINDOW
from services.edge.device import Device
from services.edge.emitter import Emitter
from services.edge.outbox import Outbox
from services.edge.producer import producer_factory
from services.edge.settings import EdgeSettings


class Kiosk:
    """A device, its outbox and its emitter, in this process or in one of their own."""

    def __init__(self, path: Path, address: str, prefix: str) -> None:
        self.address = address
        self.settings = EdgeSettings(
            device="creteil-kiosk-1",
            site="creteil",
            outbox=path,
            kafka=address,
            topic_prefix=prefix,
        )
        self.outbox = Outbox(path, min_free_bytes=0)
        self.device = Device("creteil-kiosk-1", "creteil", self.outbox, SystemClock())
        self.reported: list[VisitEvent | DeviceEvent] = []
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def visits(self, count: int, first: int = 0) -> None:
        """Tickets, check-ins and calls of so many visits, interleaved, each in its order."""
        numbers = [f"A{number:04d}" for number in range(first, first + count)]
        where = {"directorate": "dmi", "service": "sejour"}
        known = {number: self.device.ticket_fields("sejour", number) for number in numbers}
        self.reported += self.device.emit_many(
            [
                *((TicketIssued, _ticket(known[n], n) | where) for n in numbers),
                *((CheckedIn, _ticket(known[n], n) | where) for n in numbers),
                *((Called, known[n]) for n in numbers),
            ]
        )

    def emitter(self, max_window: int = MAX_WINDOW) -> Emitter:
        return Emitter(
            self.outbox,
            producer_factory(self.settings),
            addresses=self.address,
            topic_prefix=self.settings.topic_prefix,
            max_window=max_window,
        )

    def start(self, **options: Any) -> None:
        emitter = self.emitter(**options)
        self._thread = threading.Thread(target=emitter.run, args=(self._stop,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(15)
            assert not self._thread.is_alive()

    def command(self, *arguments: str) -> subprocess.Popen[str]:
        environ = {
            **os.environ,
            "PASSAGE_DEVICE": "creteil-kiosk-1",
            "PASSAGE_SITE": "creteil",
            "PASSAGE_OUTBOX": str(self.outbox.path),
            "PASSAGE_OUTBOX_MIN_FREE_MB": "0",
            "PASSAGE_KAFKA": self.address,
            "PASSAGE_TOPIC_PREFIX": self.settings.topic_prefix,
            "PASSAGE_HEARTBEAT_S": "1",
        }
        return subprocess.Popen(
            [sys.executable, "-m", "services.edge", *arguments],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def _ticket(known: dict[str, Any], number: str) -> dict[str, Any]:
    return known | {"queue": "sejour", "number": number}


@pytest.fixture
def kiosk(broker: Any, topics: str, tmp_path: Path) -> Iterator[Kiosk]:
    """A kiosk whose topics nobody else writes to."""
    kiosk = Kiosk(tmp_path / "outbox.db", broker.bootstrap, topics)
    yield kiosk
    kiosk.stop()
    kiosk.outbox.close()


@pytest.fixture
def arrived(broker: Any, topics: str) -> Callable[..., list[VisitEvent | DeviceEvent]]:
    """Reads a whole topic: its events, each partition in its order."""

    def arrived(topic: str = "visit-events") -> list[VisitEvent | DeviceEvent]:
        events: list[Any] = []
        for message in messages_in(broker.bootstrap, topics + topic):
            event: Any = decode(message.value)
            key = getattr(event, "visit_id", event.source)
            assert message.key == str(key).encode()
            events.append(event)
        return events

    return arrived
