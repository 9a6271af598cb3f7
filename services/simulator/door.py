"""Step 2: how each visitor is first seen: by a kiosk, a reception, or both, under one id or two."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any
from uuid import UUID

from schemas.events import Cancelled, CheckedIn, Correction, TicketIssued
from schemas.registry import Site
from schemas.types import Channel, Mode
from services.core import visit_id
from services.simulator.demand import Arrival
from services.simulator.lines import Line
from services.simulator.opening import business_date
from services.simulator.recorder import Recorder
from services.simulator.stories import Stay, Visit

TICKET_AND_APPOINTMENT = 0.08
TICKET_AND_CHECK_IN = 0.17
RECEPTION_ONLY = 0.15
GROUP = 0.04
LAST_NUMBER = 999


@dataclass(frozen=True, slots=True)
class Entry:
    """One visitor's way in. Times in epoch milliseconds; at least one of the two is given."""

    line: Line
    ticket_ms: int | None
    check_in_ms: int | None
    appointment: bool
    persons: int | None
    """None: nobody said; one is assumed."""

    @property
    def first_ms(self) -> int:
        """The arrival."""
        return min(ms for ms in (self.ticket_ms, self.check_in_ms) if ms is not None)

    @property
    def ready_ms(self) -> int:
        """When the visitor has been seen by all who will see them on the way in."""
        return max(ms for ms in (self.ticket_ms, self.check_in_ms) if ms is not None)


class Door:
    """Kiosks and receptions of a site on one day; numbers start again each business date."""

    def __init__(
        self,
        site: Site,
        kiosks: Sequence[str],
        receptions: Sequence[str],
        recorder: Recorder,
        rng: Random,
    ) -> None:
        self._site = site
        self._kiosks = kiosks
        self._receptions = receptions
        self._recorder = recorder
        self._rng = rng
        self._issued: Counter[tuple[str, date]] = Counter()
        self._bookings = 0

    def entry(self, line: Line, arrival: Arrival) -> Entry:
        """Choose a visitor's way in."""
        persons = self._rng.choice((2, 2, 2, 3, 3, 4, 5, 8)) if self._rng.random() < GROUP else None
        draw = self._rng.random()
        first, later = arrival.at_ms, arrival.at_ms + self._rng.randrange(30_000, 240_000)
        ticket: int | None = None
        check_in: int | None = None
        if not self._kiosks:
            check_in = first
        elif not self._receptions:
            ticket = first
        elif arrival.by_appointment:
            if draw < TICKET_AND_APPOINTMENT:
                ticket, check_in = self._rng.sample((first, later), 2)
            else:
                check_in = first
        elif draw < TICKET_AND_CHECK_IN:
            ticket, check_in = first, later
        elif draw < TICKET_AND_CHECK_IN + RECEPTION_ONLY:
            check_in = first
        else:
            ticket = first
        by_appointment = arrival.by_appointment and check_in is not None
        return Entry(line, ticket, check_in, by_appointment, persons)

    def admit(self, entry: Entry) -> Visit:
        """Tell a visitor's arrival. Entries must come in the order of their tickets."""
        line = entry.line
        ticket: tuple[UUID, str] | None = None
        ids: list[UUID] = []
        if entry.ticket_ms is not None:
            # The kiosk asks only those whom no reception will ask.
            persons = entry.persons if entry.check_in_ms is None else None
            ticket = self._issue(entry.ticket_ms, line, persons)
            ids.append(ticket[0])
        if entry.check_in_ms is not None:
            known = None if entry.appointment else ticket
            ids.append(self._check_in(entry.check_in_ms, entry, known))
        if len(set(ids)) == 2:
            self._join(entry, ids[0], ids[1])
        return Visit(
            ids[0],
            self._site.code,
            entry.first_ms,
            _channel(entry),
            persons=entry.persons or 1,
            ticket=ticket is not None,
            check_in=entry.check_in_ms is not None,
            stays=[Stay(line.queue, line.directorate, line.service, entry.first_ms)],
        )

    def test(self, at_ms: int, line: Line, kiosk: str) -> Visit:
        """A technician's ticket before the doors open, cancelled at once."""
        ticket, _ = self._issue(at_ms, line, None, kiosk=kiosk, mode="test")
        self._recorder.record(at_ms + 25_000, kiosk, Cancelled, ticket, mode="test")
        stay = Stay(line.queue, line.directorate, line.service, at_ms, outcome="cancelled")
        return Visit(
            ticket, self._site.code, at_ms, "kiosk", ticket=True, mode="test", stays=[stay]
        )

    def _issue(
        self,
        at_ms: int,
        line: Line,
        persons: int | None,
        *,
        kiosk: str | None = None,
        mode: Mode | None = None,
    ) -> tuple[UUID, str]:
        day = business_date(self._site, at_ms)
        wrap, count = divmod(self._issued[line.queue, day], LAST_NUMBER)
        self._issued[line.queue, day] += 1
        number = f"{line.prefix}{count + 1:03}"
        ticket = visit_id.of_ticket(self._site.code, line.queue, day, number, wrap)
        self._recorder.record(
            at_ms,
            kiosk or self._rng.choice(self._kiosks),
            TicketIssued,
            ticket,
            queue=line.queue,
            number=number,
            wrap=wrap or None,
            directorate=line.directorate,
            service=line.service,
            channel="kiosk",
            party_size=_party(persons),
            mode=mode,
        )
        return ticket, number

    def _check_in(self, at_ms: int, entry: Entry, ticket: tuple[UUID, str] | None) -> UUID:
        known: dict[str, Any] = {}
        if entry.appointment:
            keyed_hash = self._keyed_hash(at_ms)
            known = {"appointment": keyed_hash, "channel": "appointment"}
            visit = visit_id.of_appointment(self._site.code, keyed_hash)
        elif ticket is not None:
            known = {"number": ticket[1], "channel": "reception"}
            visit = ticket[0]
        else:
            known = {"channel": "reception"}
            visit = UUID(int=self._rng.getrandbits(128), version=4)
        if ticket is not None or entry.ticket_ms is None:
            known["queue"] = entry.line.queue
        self._recorder.record(
            at_ms,
            self._rng.choice(self._receptions),
            CheckedIn,
            visit,
            directorate=entry.line.directorate,
            service=entry.line.service,
            party_size=_party(entry.persons),
            **known,
        )
        return visit

    def _join(self, entry: Entry, ticket: UUID, appointment: UUID) -> None:
        # The reception notices that its appointment already holds a ticket; either id may be named.
        first, other = self._rng.sample((ticket, appointment), 2)
        at_ms = entry.ready_ms + self._rng.randrange(60_000, 480_000)
        self._recorder.record(
            at_ms,
            self._rng.choice(self._receptions),
            Correction,
            first,
            joins=other,
            reason="same-visitor",
        )

    def _keyed_hash(self, at_ms: int) -> str:
        self._bookings += 1
        day = business_date(self._site, at_ms)
        # The same on all devices of the site, and another every day.
        day_key = hashlib.sha256(f"simulated/{self._site.code}/{day}".encode()).digest()
        token = f"{self._rng.getrandbits(48):012x}-{self._bookings}"
        return visit_id.hash_appointment(token, day_key=day_key)


def _channel(entry: Entry) -> Channel:
    """How the visitor was seen first."""
    if entry.ticket_ms is not None and entry.ticket_ms == entry.first_ms:
        return "kiosk"
    return "appointment" if entry.appointment else "reception"


def _party(persons: int | None) -> dict[str, Any] | None:
    return None if persons is None else {"persons": persons, "declared": True}
