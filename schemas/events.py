"""Every event that a kiosk, a reception or a desk may emit, as one union told apart by `type`.

To add a field: add it here with a default, render (`python -m schemas render`), add an example.
To add a type: a class and a member of `VisitEvent` or `DeviceEvent`; mypy then shows every `match`
that must learn of it.
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from schemas.types import (
    MAX_INTEGER,
    Channel,
    Code,
    Count,
    KeyedHash,
    Mode,
    Model,
    TicketNumber,
    UtcDatetime,
)

SoftwareVersion = Annotated[
    str,
    Field(pattern=r"^[0-9][0-9A-Za-z.+-]{0,39}$", description="Version of the device's program."),
]


class Clock(Model):
    """What the device knew of its own clock when it stamped the event."""

    synced: bool
    """True when a time server had set the clock since boot."""
    offset_ms: Annotated[int, Field(ge=-MAX_INTEGER, le=MAX_INTEGER)] | None = None
    """Estimated device time minus true time, in milliseconds; absent when unknown."""


class PartySize(Model):
    """How many people one visit stands for."""

    persons: Annotated[int, Field(ge=1, le=99)]
    declared: bool
    """False when the device assumed it because nobody said."""


class Event(Model):
    """Envelope: one immutable fact, stamped once on the device that saw it."""

    event_id: UUID
    """UUIDv7, minted once, or UUIDv5 of a vendor's visit and transition; kept when resent."""
    version: Literal[1]
    source: Code
    """Code of the device, as the registry knows it."""
    boot_id: UUID
    """Changes at each boot of the device."""
    seq: Annotated[int, Field(ge=1, le=MAX_INTEGER)]
    """Counts the events of this boot from 1, without gaps."""
    monotonic_ms: Count
    """Milliseconds since boot, from a clock that nobody sets."""
    occurred_at: UtcDatetime
    """Event time by the device's clock, with its offset from UTC."""
    clock: Clock
    site: Code
    mode: Mode = "live"
    """`test` events are kept and counted apart, never as passages."""


class VisitEventBase(Event):
    """An event in the life of one visit."""

    visit_id: UUID
    """Derived the same way on every device (services/core/visit_id.py)."""


class TicketIssued(VisitEventBase):
    """A ticket was requested and numbered; a reprint is not a new event."""

    type: Literal["ticket_issued"]
    queue: Code
    number: TicketNumber
    wrap: Annotated[int, Field(ge=0, le=99)] = 0
    """How often the queue's numbers had started over that business day."""
    directorate: Code
    service: Code
    channel: Channel = "kiosk"
    party_size: PartySize | None = None


class CheckedIn(VisitEventBase):
    """A reception recorded a visitor, with or without ticket, with or without appointment."""

    type: Literal["checked_in"]
    directorate: Code
    service: Code
    channel: Channel = "reception"
    queue: Code | None = None
    number: TicketNumber | None = None
    appointment: KeyedHash | None = None
    desk: Code | None = None
    party_size: PartySize | None = None


class QueueJoined(VisitEventBase):
    """The visitor waits in this queue from now on."""

    type: Literal["queue_joined"]
    queue: Code
    directorate: Code
    service: Code


class Called(VisitEventBase):
    """A desk called the visitor."""

    type: Literal["called"]
    desk: Code | None = None


class Recalled(VisitEventBase):
    """A desk called again a visitor who had not come."""

    type: Literal["recalled"]
    desk: Code | None = None


class ServiceStarted(VisitEventBase):
    """An agent began to serve. Directorate and service matter where nothing came before."""

    type: Literal["service_started"]
    desk: Code | None = None
    directorate: Code | None = None
    service: Code | None = None


class ServiceEnded(VisitEventBase):
    """The agent finished: the visitor was served."""

    type: Literal["service_ended"]
    desk: Code | None = None


class Transferred(VisitEventBase):
    """The visitor was sent on: same visit, a further queue stay."""

    type: Literal["transferred"]
    directorate: Code
    service: Code
    queue: Code | None = None
    desk: Code | None = None
    reason: Code | None = None


class Returned(VisitEventBase):
    """The visitor went back to wait in the same queue."""

    type: Literal["returned"]
    desk: Code | None = None
    reason: Code | None = None


class NoShow(VisitEventBase):
    """Called, and did not come."""

    type: Literal["no_show"]
    desk: Code | None = None
    reason: Code | None = None


class Left(VisitEventBase):
    """The visitor was seen or said to leave before being served."""

    type: Literal["left"]
    reason: Code | None = None


class Cancelled(VisitEventBase):
    """The visitor or an agent cancelled the ticket or the check-in."""

    type: Literal["cancelled"]
    desk: Code | None = None
    reason: Code | None = None


class AutoClosed(VisitEventBase):
    """The system closed a visit that nobody had ended; never counted as served."""

    type: Literal["auto_closed"]
    reason: Code | None = None


class Correction(VisitEventBase):
    """Joins two ids that were one visit (`joins`), or takes back an event (`corrects`)."""

    type: Literal["correction"]
    joins: UUID | None = None
    """The other `visit_id` of the same visitor."""
    corrects: UUID | None = None
    """The `event_id` of this visit that did not happen."""
    reason: Code | None = None

    @model_validator(mode="after")
    def _does_one_thing(self) -> Correction:
        if (self.joins is None) == (self.corrects is None):
            raise ValueError("a correction has exactly one of `joins` and `corrects`")
        return self


class Heartbeat(Event):
    """The device was running, and this is what still waits in its outbox."""

    type: Literal["heartbeat"]
    covers_s: Annotated[int, Field(ge=0, le=3600)]
    """Seconds up to `occurred_at` during which the device was able to record."""
    outbox_depth: Count = 0
    """Events written but not yet acknowledged by the broker."""
    software: SoftwareVersion | None = None


class DeviceStarted(Event):
    """The device's program started."""

    type: Literal["device_started"]
    software: SoftwareVersion | None = None


VisitEvent = (
    TicketIssued
    | CheckedIn
    | QueueJoined
    | Called
    | Recalled
    | ServiceStarted
    | ServiceEnded
    | Transferred
    | Returned
    | NoShow
    | Left
    | Cancelled
    | AutoClosed
    | Correction
)
DeviceEvent = Heartbeat | DeviceStarted
AnyEvent = Annotated[VisitEvent | DeviceEvent, Field(discriminator="type")]
