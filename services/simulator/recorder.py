"""Collects what the devices will emit, each event with the id that its device will mint."""

from __future__ import annotations

from random import Random
from typing import Any
from uuid import UUID

from schemas.events import DeviceEvent, DeviceStarted, Heartbeat, VisitEvent
from services.simulator.opening import as_datetime
from services.simulator.stories import PlannedEvent


class Recorder:
    """The planned events of one site. Ids come from their own seeded source."""

    def __init__(self, site: str, rng: Random) -> None:
        self._site = site
        self._rng = rng
        self.events: list[PlannedEvent] = []

    def record(
        self,
        at_ms: int,
        device: str,
        event_class: type[VisitEvent],
        visit_id: UUID,
        **fields: Any,
    ) -> None:
        """Plan an event of a visit; fields that are None are left out."""
        known = {name: value for name, value in fields.items() if value is not None}
        self._plan(at_ms, device, event_class, {"visit_id": visit_id, **known})

    def start(self, at_ms: int, device: str) -> None:
        """Plan the boot of a device."""
        self._plan(at_ms, device, DeviceStarted, {})

    def heartbeat(self, at_ms: int, device: str, covers_s: int) -> None:
        """Plan a sign of life."""
        self._plan(at_ms, device, Heartbeat, {"covers_s": covers_s})

    def _plan(
        self,
        at_ms: int,
        device: str,
        event_class: type[VisitEvent | DeviceEvent],
        fields: dict[str, Any],
    ) -> None:
        event_id = uuid7(at_ms, self._rng)
        self.events.append(
            PlannedEvent(as_datetime(at_ms), device, self._site, event_class, fields, event_id)
        )


def uuid7(at_ms: int, rng: Random) -> UUID:
    """A UUIDv7 of that millisecond, with seeded random bits."""
    high = at_ms << 16 | 0x7000 | rng.getrandbits(12)
    return UUID(int=high << 64 | 0b10 << 62 | rng.getrandbits(62))
