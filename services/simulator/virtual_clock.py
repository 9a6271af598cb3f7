"""The clock of a simulated device: shows the time of the event at hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from schemas.events import DeviceStarted
from services.simulator.stories import PlannedEvent

# Between the kernel's boot and the program's start.
BOOT_MS = 30_000


class VirtualClock:
    """A clock that a time server has set. Every `device_started` begins a boot."""

    synced = True
    offset_ms: int | None = None

    def __init__(self) -> None:
        self._now = datetime(1970, 1, 1, tzinfo=UTC)
        self._booted_at = self._now
        self._boot_id = UUID(int=0)

    @property
    def boot_id(self) -> UUID:
        """The same whenever the same start is played."""
        return self._boot_id

    def now(self) -> datetime:
        """The simulated time, in UTC."""
        return self._now

    def monotonic_ms(self) -> int:
        """Simulated milliseconds since boot."""
        return (self._now - self._booted_at) // timedelta(milliseconds=1)

    def turn_to(self, event: PlannedEvent) -> None:
        """Show the time at which the event happens."""
        self._now = event.occurred_at
        if event.event_class is DeviceStarted:
            self._booted_at = event.occurred_at - timedelta(milliseconds=BOOT_MS)
            self._boot_id = uuid5(event.event_id, event.device)
