"""The device as a program sees it: say what happened, get back the event that was made durable."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, time
from typing import Any, TypeVar, cast, get_args
from uuid import UUID, uuid4

from pydantic import ValidationError
from pydantic_core import to_json

from schemas.events import (
    CheckedIn,
    Correction,
    DeviceEvent,
    DeviceStarted,
    Heartbeat,
    TicketIssued,
    VisitEvent,
)
from schemas.types import Channel, Mode
from services.core.calendar import business_date
from services.core.visit_id import of_appointment, of_ticket
from services.edge.clock import DeviceClock
from services.edge.errors import InvalidFields
from services.edge.outbox import Outbox

E = TypeVar("E", bound=VisitEvent | DeviceEvent)

EVENT_CLASSES: dict[str, type[VisitEvent | DeviceEvent]] = {
    get_args(event_class.model_fields["type"].annotation)[0]: event_class
    for event_class in (*get_args(VisitEvent), *get_args(DeviceEvent))
}

# What the device stamps by itself; a caller may only say when it happened (`occurred_at`).
_STAMPED = frozenset(
    {"event_id", "type", "version", "source", "boot_id", "seq", "monotonic_ms", "clock", "site"}
)


def mint_event_id(at: datetime) -> UUID:
    """A new UUIDv7 (RFC 9562): the device's time in milliseconds, then 74 random bits."""
    milliseconds = max(0, int(at.timestamp() * 1000))
    random = secrets.randbits(74)
    return UUID(
        int=milliseconds << 80 | 7 << 76 | random >> 62 << 64 | 2 << 62 | random & (1 << 62) - 1
    )


class Device:
    """A kiosk or a reception desk: stamps events, checks them and puts them into its outbox.

    An event is checked against the contract before anything is written: a mistake is the caller's
    to see, never the broker's. What a method returns is durable. Threads may share a device.
    """

    def __init__(
        self,
        code: str,
        site: str,
        outbox: Outbox,
        clock: DeviceClock,
        *,
        time_zone: str = "Europe/Paris",
        business_day_starts: time = time(4, 0),
        mode: Mode = "live",
        software: str | None = None,
        mint_event_id: Callable[[datetime], UUID] = mint_event_id,
    ) -> None:
        self.code = code
        self.site = site
        self.outbox = outbox
        self.clock = clock
        self.time_zone = time_zone
        self.business_day_starts = business_day_starts
        self.mode = mode
        self.software = software
        self._mint_event_id = mint_event_id

    def emit(self, event_class: type[E], **fields: Any) -> E:
        """Make one event durable and return it.

        `fields` are those of its class; `occurred_at` is now unless given. Raises InvalidFields or
        an OutboxError, and then nothing was written.
        """
        return self.outbox.append([self.stamp(event_class, fields)])[0]

    def emit_many(
        self, events: Iterable[tuple[type[VisitEvent | DeviceEvent], Mapping[str, Any]]]
    ) -> list[VisitEvent | DeviceEvent]:
        """Make several events durable in one transaction: all of them or none."""
        stamped = [self.stamp(event_class, fields) for event_class, fields in events]
        return self.outbox.append(stamped)

    def stamp(self, event_class: type[E], fields: Mapping[str, Any]) -> E:
        """The event as it would be written, its `seq` excepted: that is given by the outbox."""
        kind = get_args(event_class.model_fields["type"].annotation)[0]
        own = _STAMPED.intersection(fields)
        if own:
            raise InvalidFields(
                f"{kind}: {', '.join(sorted(own))} is stamped by the device: leave it out"
            )
        now = self.clock.now()
        envelope = {
            "type": kind,
            "version": 1,
            "event_id": self._mint_event_id(now),
            "source": self.code,
            "boot_id": self.clock.boot_id,
            "seq": 1,
            "monotonic_ms": self.clock.monotonic_ms(),
            "occurred_at": now,
            "clock": {"synced": self.clock.synced, "offset_ms": self.clock.offset_ms},
            "site": self.site,
            "mode": self.mode,
        }
        # By way of JSON: what is checked is what goes over the wire, and ids may be given as text.
        try:
            return cast(E, event_class.model_validate_json(to_json({**envelope, **fields})))
        except ValidationError as error:
            raise InvalidFields(_sentence(kind, error)) from None

    def issue_ticket(
        self,
        queue: str,
        number: str,
        directorate: str,
        service: str,
        *,
        wrap: int = 0,
        party_size: int | None = None,
        channel: Channel = "kiosk",
        occurred_at: datetime | None = None,
    ) -> TicketIssued:
        """A ticket was numbered. Any device finds the same `visit_id` for it, that business day."""
        return self.emit(
            TicketIssued,
            **self.ticket_fields(queue, number, wrap, occurred_at),
            queue=queue,
            number=number,
            wrap=wrap,
            directorate=directorate,
            service=service,
            channel=channel,
            **_party(party_size),
        )

    def check_in(
        self,
        directorate: str,
        service: str,
        *,
        queue: str | None = None,
        number: str | None = None,
        wrap: int = 0,
        appointment: str | None = None,
        desk: str | None = None,
        party_size: int | None = None,
        channel: Channel | None = None,
        occurred_at: datetime | None = None,
    ) -> CheckedIn:
        """A visitor was received: with a ticket (`queue` and `number`), an appointment, or neither.

        `appointment` is the keyed hash (services/core/visit_id.py), never the token itself. The
        ticket decides the `visit_id` where both are given, and a `correction` then joins the
        appointment's; with neither it is random.
        """
        fields = {
            **self.check_in_fields(queue, number, wrap, appointment, occurred_at),
            "directorate": directorate,
            "service": service,
            "channel": channel or ("appointment" if appointment else "reception"),
            **({"desk": desk} if desk else {}),
            **_party(party_size),
        }
        if appointment is None or queue is None:
            return self.emit(CheckedIn, **fields)
        joins = {
            "visit_id": fields["visit_id"],
            "occurred_at": fields["occurred_at"],
            "joins": of_appointment(self.site, appointment),
        }
        return cast(CheckedIn, self.emit_many([(CheckedIn, fields), (Correction, joins)])[0])

    def ticket_fields(
        self, queue: str, number: str, wrap: int = 0, occurred_at: datetime | None = None
    ) -> dict[str, Any]:
        """`visit_id` and `occurred_at` of what happens to this ticket."""
        at = occurred_at or self.clock.now()
        if at.tzinfo is None:
            raise InvalidFields("occurred_at has no UTC offset; expected one such as +01:00")
        day = business_date(at, time_zone=self.time_zone, starts=self.business_day_starts)
        visit_id = of_ticket(self.site, queue, day, number, wrap, mode=self.mode)
        return {"visit_id": visit_id, "occurred_at": at}

    def check_in_fields(
        self,
        queue: str | None,
        number: str | None,
        wrap: int,
        appointment: str | None,
        occurred_at: datetime | None = None,
    ) -> dict[str, Any]:
        """Fields of a check-in that say which visit it is."""
        if (queue is None) != (number is None):
            raise InvalidFields(
                "checked_in: a ticket is known by queue and number, not by one of them"
            )
        known: dict[str, Any] = {"appointment": appointment} if appointment else {}
        if queue is not None and number is not None:
            ticket = self.ticket_fields(queue, number, wrap, occurred_at)
            return known | ticket | {"queue": queue, "number": number}
        visit_id = of_appointment(self.site, appointment) if appointment else uuid4()
        return known | {"visit_id": visit_id, "occurred_at": occurred_at or self.clock.now()}

    def heartbeat(self, covers_s: int) -> Heartbeat:
        """Sign of life: this device was able to record for the last `covers_s` seconds."""
        return self.emit(
            Heartbeat, covers_s=covers_s, outbox_depth=self.outbox.depth(), **self._program()
        )

    def started(self) -> DeviceStarted:
        """The device's program started."""
        return self.emit(DeviceStarted, **self._program())

    def _program(self) -> dict[str, str]:
        return {"software": self.software} if self.software else {}


def _party(persons: int | None) -> dict[str, Any]:
    return {} if persons is None else {"party_size": {"persons": persons, "declared": True}}


def _sentence(kind: str, error: ValidationError) -> str:
    # Field and rule only: a refused value may be somebody's name.
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    return f"{kind}: " + "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'event'}: {problem['msg']}" for problem in problems
    )
