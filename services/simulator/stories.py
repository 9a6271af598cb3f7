"""The story of a visitor as it was told, and the event that a device emits for each turn of it.

The truth is counted from the stories; the events carry the same turns through the pipeline.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from schemas.events import DeviceEvent, VisitEvent
from schemas.types import Channel, Mode

Outcome = Literal["served", "no_show", "left", "cancelled", "auto_closed", "transferred"]


class PlannedEvent(NamedTuple):
    """What one device will emit, when, with the id that it will mint."""

    occurred_at: datetime
    """UTC, whole milliseconds."""
    device: str
    site: str
    event_class: type[VisitEvent | DeviceEvent]
    fields: dict[str, Any]
    event_id: UUID


@dataclass(slots=True)
class Stay:
    """One wait in one queue and its end. Times in epoch milliseconds."""

    queue: str
    directorate: str
    service: str
    began_ms: int
    first_called_ms: int | None = None
    service_started_ms: int | None = None
    service_ended_ms: int | None = None
    outcome: Outcome | None = None


@dataclass(slots=True)
class Visit:
    """One visitor, or one group that came together."""

    visit_id: UUID
    site: str
    arrived_ms: int
    channel: Channel
    persons: int = 1
    ticket: bool = False
    check_in: bool = False
    mode: Mode = "live"
    stays: list[Stay] = field(default_factory=list)
