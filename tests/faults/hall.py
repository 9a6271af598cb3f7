"""All devices of a simulated day in one process, to be cut off: `python -m tests.faults.hall`.

It says on its standard output what it does, one JSON object a line: how many events of each device
are durable when it starts, and how many more each time it has written some. A hall that starts
again goes on with the first event that is not durable.
"""

from __future__ import annotations

import json
import pickle
import sqlite3
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from uuid import UUID

from services.edge.device import Device
from services.edge.emitter import Emitter
from services.edge.outbox import Outbox
from services.edge.producer import producer_factory
from services.edge.settings import EdgeSettings
from services.simulator.stories import PlannedEvent
from services.simulator.virtual_clock import VirtualClock

PORTION_EVENTS = 8


class Kiosk:
    """A device that writes planned events and delivers them meanwhile."""

    def __init__(
        self, planned: Sequence[PlannedEvent], kafka: str, prefix: str, folder: Path
    ) -> None:
        self.code, self.site = planned[0].device, planned[0].site
        self.outbox = Outbox(folder / f"{self.code}.db", min_free_bytes=0)
        self.durable = _durable(self.outbox.path)
        self._clock = VirtualClock()
        self._planned = planned
        self._event_id = UUID(int=0)
        self._device = Device(
            self.code, self.site, self.outbox, self._clock, mint_event_id=self._planned_id
        )
        self._settings = EdgeSettings(
            device=self.code, site=self.site, kafka=kafka, topic_prefix=prefix
        )
        for event in planned[: self.durable]:
            self._clock.turn_to(event)

    def deliver(self) -> None:
        factory = producer_factory(self._settings)
        Emitter(self.outbox, factory, topic_prefix=self._settings.topic_prefix).run(
            threading.Event()
        )

    def write(self, most: int) -> int:
        """Write the next events, and tell how many."""
        portion = self._planned[self.durable : self.durable + most]
        stamped = []
        for event in portion:
            self._clock.turn_to(event)
            self._event_id = event.event_id
            stamped.append(self._device.stamp(event.event_class, event.fields))
        if stamped:
            self.outbox.append(stamped)
            self.durable += len(stamped)
        return len(stamped)

    def _planned_id(self, at: datetime) -> UUID:
        return self._event_id


def _durable(outbox: Path) -> int:
    with sqlite3.connect(outbox) as connection:
        return int(connection.execute("SELECT coalesce(sum(last), 0) FROM sequence").fetchone()[0])


def _say(**what: object) -> None:
    print(json.dumps(what), flush=True)


def main(plan: Path, kafka: str, prefix: str, folder: Path) -> None:
    """Write and deliver everything that is planned, then say `done`."""
    by_device: dict[str, list[PlannedEvent]] = pickle.loads(plan.read_bytes())
    kiosks = [Kiosk(planned, kafka, prefix, folder) for planned in by_device.values()]
    for kiosk in kiosks:
        _say(device=kiosk.code, durable=kiosk.durable)
    with ThreadPoolExecutor(len(kiosks)) as executor:
        for kiosk in kiosks:
            executor.submit(kiosk.deliver)
        writing = True
        while writing:
            writing = False
            for kiosk in kiosks:
                if kiosk.write(PORTION_EVENTS):
                    writing = True
                    _say(device=kiosk.code, durable=kiosk.durable)
        while any(kiosk.outbox.depth() for kiosk in kiosks):
            threading.Event().wait(0.05)
        _say(done=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4]))
