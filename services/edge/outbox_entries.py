"""What an outbox tells of itself and of the events in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """An event that waits, and its place in the queue."""

    position: int
    event_id: str
    type: str
    occurred_at: str
    body: bytes
    received_at: str | None = None
    """When a gateway took it from its device (ISO 8601, UTC); None on the device itself."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that the broker will never take, and why."""

    event_id: str
    type: str
    occurred_at: str
    refused_at: str
    reason: str


@dataclass(frozen=True, slots=True)
class OutboxStatus:
    """What an outbox holds and how much room it has."""

    depth: int
    refused: int
    oldest_occurred_at: str | None
    used_bytes: int
    max_bytes: int
    disk_free_bytes: int
    min_free_bytes: int
    last_acknowledged_at: str | None
    problem: str | None
    problem_since: str | None

    @property
    def fullness(self) -> float:
        """Share of the room in use, 1.0 when the next event may be refused."""
        if self.disk_free_bytes < self.min_free_bytes:
            return 1.0
        return min(1.0, self.used_bytes / self.max_bytes)
