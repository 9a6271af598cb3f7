"""The first pass over a batch: each message decoded, decided on and made a row at once.

One message after the other, so that an event is let go before the next one is read: a batch of
decoded events takes some fifteen times the memory of its bytes, and to go through it again for each
step costs more than the steps. Whatever comes in ends as an event to record, a known duplicate, or
a dead letter with a reason.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from schemas.codec import InvalidEvent, decode, encode
from schemas.dead_letters import DeadLetter
from schemas.events import DeviceEvent, DeviceStarted, Heartbeat, VisitEvent
from schemas.reasons import Reason
from schemas.topics import HEARTBEATS, VISIT_EVENTS
from services.core.calendar import to_us
from services.core.clock import BootAnchor, CorrectionMethod, anchor_of, correct
from services.core.decisions import BACKFILL_HORIZON, Accepted, RegistryIndex, Rejected, decide
from services.core.facts import Fact, fact_of
from services.processor.devices import BootReport
from services.processor.event_rows import digest_of, event_row
from services.processor.messages import Message, dead_letter


class Counted(NamedTuple):
    """A visit event that counts, unless it was recorded before."""

    message: Message
    visit_id: str
    digest: int
    """Of its content: tells a duplicate from a conflict."""
    row: bytes
    """Of `visit_event`, as COPY reads it."""
    fact: Fact


class Intake:
    """What a batch holds, as far as that can be told without the store."""

    def __init__(
        self, registry: RegistryIndex, *, now: datetime, anchored: Collection[UUID]
    ) -> None:
        """`now` (UTC) is when the batch is decided on; `anchored` boots need no anchor any more."""
        self.duplicates = 0
        self.dead_letters: list[DeadLetter] = []
        self.counted: dict[str, Counted] = {}
        """By the event's id."""
        self.device_events: list[Accepted] = []
        self.offered: dict[UUID, BootAnchor] = {}
        """The first anchor of each boot that may have none stored."""
        self.replayed: set[str] = set()
        """Ids of events that had been dead letters."""
        self._registry = registry
        self._now = now
        self._anchored = anchored
        self._boots: dict[tuple[str, int], BootReport] = {}
        self._undated: list[tuple[Message, VisitEvent | DeviceEvent]] = []
        self._undated_ids: set[int] = set()

    def take(self, message: Message) -> None:
        """Take a message up; an event that only its boot's anchor can date waits for `settle`."""
        event = decode(message.value)
        if isinstance(event, InvalidEvent):
            self.dead_letters.append(dead_letter(message, event))
            return
        report = self._report(message, event)
        if report is not None and not report.is_anchored:
            self._offer_anchor(message, event)
        # What comes again under the same id must not overtake the first.
        if not event.clock.synced or event.event_id.int in self._undated_ids:
            self._undated.append((message, event))
            self._undated_ids.add(event.event_id.int)
        else:
            self._decide(message, event, report, anchor=None)

    def boots_to_settle(self) -> set[UUID]:
        """Boots whose stored anchors must be known before `settle`."""
        return {event.boot_id for _, event in self._undated} | self.offered.keys()

    def settle(self, anchors: Mapping[UUID, BootAnchor]) -> None:
        """Decide on what had to wait, by the anchors there are now."""
        for message, event in self._undated:
            report = self._boots.get((event.source, event.boot_id.int))
            self._decide(message, event, report, anchor=anchors.get(event.boot_id))

    def boots(self) -> Collection[BootReport]:
        """What known devices sent, counted or not."""
        return self._boots.values()

    def again(self, first_digest: int, again: Counted) -> None:
        """An id for the second time: the same content is a duplicate, another is a conflict."""
        if again.digest == first_digest:
            self.duplicates += 1
            return
        conflict = Rejected(
            Reason.CONFLICT, "event_id", "this id was recorded with other content; the first wins"
        )
        event = decode(again.message.value)
        if isinstance(event, InvalidEvent):
            raise TypeError("an event that was decoded no longer decodes")
        self.dead_letters.append(dead_letter(again.message, conflict, event))

    def _report(self, message: Message, event: VisitEvent | DeviceEvent) -> BootReport | None:
        report = self._boots.get((event.source, event.boot_id.int))
        if report is None:
            if event.source not in self._registry.devices:
                return None
            report = BootReport(
                event.source,
                event.boot_id,
                event.site,
                message.received_at,
                is_anchored=event.boot_id in self._anchored,
            )
            self._boots[event.source, event.boot_id.int] = report
        report.seqs.append(event.seq)
        if message.received_at > report.last_received_at:
            report.last_received_at = message.received_at
        if isinstance(event, Heartbeat):
            report.add_heartbeat(event)
        return report

    def _offer_anchor(self, message: Message, event: VisitEvent | DeviceEvent) -> None:
        best = self.offered.get(event.boot_id)
        if best is None or event.seq < best.seq:
            anchor = anchor_of(event, received_at=message.received_at, horizon=BACKFILL_HORIZON)
            if anchor is not None:
                self.offered[event.boot_id] = anchor

    def _decide(
        self,
        message: Message,
        event: VisitEvent | DeviceEvent,
        report: BootReport | None,
        *,
        anchor: BootAnchor | None,
    ) -> None:
        received_at = message.received_at
        decision = _misplaced(message, event) or decide(
            event, received_at=received_at, now=self._now, registry=self._registry, anchor=anchor
        )
        if isinstance(decision, Rejected):
            self.dead_letters.append(dead_letter(message, decision, event))
            at, method = correct(
                event, received_at=received_at, anchor=anchor, horizon=BACKFILL_HORIZON
            )
        else:
            _, at, method = decision
            if isinstance(event, _DEVICE_EVENTS):
                self.device_events.append(decision)
            else:
                self._count(message, event, at, method)
        if report is not None and method != "uncertain" and at > report.reported_to:
            report.reported_to = at

    def _count(
        self, message: Message, event: VisitEvent, at: datetime, method: CorrectionMethod
    ) -> None:
        fact = dated_fact(event, at, method, self._registry)
        body = encode(event)
        row = event_row(
            event,
            body,
            at_us=fact.at_us,
            method=method,
            received_us=to_us(message.received_at),
        )
        one = Counted(message, str(event.visit_id), digest_of(body), row, fact)
        first = self.counted.setdefault(fact.event_id, one)
        if first is not one:
            self.again(first.digest, one)
        if message.is_replay:
            self.replayed.add(fact.event_id)


_DEVICE_EVENTS = (Heartbeat, DeviceStarted)


def _misplaced(message: Message, event: VisitEvent | DeviceEvent) -> Rejected | None:
    topic = HEARTBEATS if isinstance(event, _DEVICE_EVENTS) else VISIT_EVENTS
    if message.topic.endswith(topic.name):
        return None
    return Rejected(Reason.WRONG_TOPIC, "type", f"{event.type} belongs on {topic.name}")


def dated_fact(
    event: VisitEvent, at: datetime, method: CorrectionMethod, registry: RegistryIndex
) -> Fact:
    """The fact that an accepted event states, by its corrected time."""
    ends_wait = registry.sites[event.site].wait_ends == "check_in"
    return fact_of(event, to_us(at), method, check_in_ends_wait=ends_wait)
