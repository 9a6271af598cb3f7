"""The outbox of the gateway, and the requests that wait until their events have left it.

Every event goes through it, whether or not the broker answers: so it is on the disk before
anything else happens, the emitter that delivers it is the kiosk's, and there is one way only.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from uuid import UUID

from schemas.codec import InvalidEvent, decode, encode
from schemas.events import DeviceEvent, VisitEvent
from services.edge.errors import OutboxError
from services.edge.outbox import Outbox
from services.edge.outbox_entries import Entry
from services.gateway.memory import MOST_REMEMBERED, Memory

log = logging.getLogger("passage.gateway")


class Standing(Enum):
    """Why an event has no place of its own in the outbox."""

    ACKNOWLEDGED = "the broker has it already"
    CONFLICT = "another event with this id came before"
    NO_ROOM = "the outbox could not take it"


@dataclass(slots=True)
class Taken:
    """What became of the events of one request."""

    places: list[int | Standing]
    """Of each event: its place, which one that was sent twice shares, or why it has none."""
    waiting: set[int] = field(default_factory=set)
    """Places of events that the broker has not acknowledged."""
    put_aside: set[int] = field(default_factory=set)
    """Places of events that the broker will never take."""


class GatewayOutbox(Outbox):
    """An outbox that tells those who wait when their events have left it.

    It knows the events that it has seen lately: one that is sent again waits where it stands, so
    that senders who try again do not fill it.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int,
        min_free_bytes: int,
        remembered: int = MOST_REMEMBERED,
    ) -> None:
        super().__init__(path, max_bytes=max_bytes, min_free_bytes=min_free_bytes)
        self._condition = threading.Condition()
        self._memory = Memory(remembered)
        self._underway: list[Taken] = []
        self._reachable = True
        self._standing_still = False
        for entry in self.pending(remembered):
            event = decode(entry.body)
            if not isinstance(event, InvalidEvent):
                self._memory.remember(event.event_id, hash(encode(event)), entry.position)

    @property
    def is_flowing(self) -> bool:
        """False while the broker cannot be reached, or delivery stands still for another cause."""
        return self._reachable and not self._standing_still

    def deliver(
        self, events: Sequence[VisitEvent | DeviceEvent], received_at: datetime, timeout_s: float
    ) -> Taken:
        """Make events durable, and wait until the broker has acknowledged them.

        Waits not longer than `timeout_s`, and not at all while nothing flows. `received_at` (UTC)
        goes with each event. What could not be written has no place, and no new event then has.
        """
        deadline = time.monotonic() + timeout_s
        # Held while it writes, so that nothing is acknowledged before it is known to wait.
        with self._condition:
            taken = self._take(events, received_at)
            self._underway.append(taken)
            try:
                while taken.waiting and self.is_flowing:
                    if not self._condition.wait(max(0.0, deadline - time.monotonic())):
                        break
            finally:
                self._underway.remove(taken)
        return taken

    def acknowledge(self, positions: Sequence[int]) -> None:
        """Forget events that the broker has acknowledged, and tell those who wait for them."""
        super().acknowledge(positions)
        with self._condition:
            self._memory.acknowledge(positions)
            self._standing_still = False
            for taken in self._underway:
                taken.waiting.difference_update(positions)
            self._condition.notify_all()

    def refuse(self, position: int, reason: str) -> None:
        """Put an event aside that can never be delivered, and tell those who wait for it."""
        super().refuse(position, reason)
        with self._condition:
            self._memory.forget(position)
            self._standing_still = False
            for taken in self._underway:
                if position in taken.waiting:
                    taken.waiting.discard(position)
                    taken.put_aside.add(position)
            self._condition.notify_all()

    def report_problem(self, problem: str) -> None:
        """Remember why delivery stands still; nobody waits for it meanwhile."""
        super().report_problem(problem)
        with self._condition:
            self._standing_still = True
            self._condition.notify_all()

    def report_reachable(self, reachable: bool) -> None:
        """Say whether the broker answers at all; nobody waits while it does not."""
        with self._condition:
            if reachable != self._reachable:
                log.warning("the broker answers again" if reachable else "the broker is away")
            self._reachable = reachable
            self._condition.notify_all()

    def _take(self, events: Sequence[VisitEvent | DeviceEvent], received_at: datetime) -> Taken:
        new: dict[UUID, tuple[int, Entry]] = {}
        places: list[int | Standing | UUID] = []
        for event in events:
            body = encode(event)
            digest = hash(body)
            known = self._memory.find(event.event_id)
            before = known.digest if known else new.get(event.event_id, (digest,))[0]
            if before != digest:
                places.append(Standing.CONFLICT)
            elif known is not None:
                places.append(Standing.ACKNOWLEDGED if known.place is None else known.place)
            else:
                new.setdefault(event.event_id, (digest, _entry(event, body, received_at)))
                places.append(event.event_id)
        written = self._write(new)
        return Taken(
            [written.get(p, Standing.NO_ROOM) if isinstance(p, UUID) else p for p in places],
            waiting={p for p in places if isinstance(p, int)} | set(written.values()),
        )

    def _write(self, new: dict[UUID, tuple[int, Entry]]) -> dict[UUID, int]:
        if not new:
            return {}
        try:
            places = self.enqueue([entry for _, entry in new.values()])
        except OutboxError as error:
            log.error("%d events could not be kept: %s", len(new), error)
            return {}
        for (event_id, (digest, _)), place in zip(new.items(), places, strict=True):
            self._memory.remember(event_id, digest, place)
        return dict(zip(new, places, strict=True))


def _entry(event: VisitEvent | DeviceEvent, body: bytes, received_at: datetime) -> Entry:
    return Entry(
        position=0,  # the outbox gives it
        event_id=str(event.event_id),
        type=event.type,
        occurred_at=event.occurred_at.isoformat(),
        body=body,
        received_at=received_at.isoformat(timespec="milliseconds"),
    )
