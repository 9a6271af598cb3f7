"""One batch of messages, from bytes to the rows of one transaction. The only caller of the rules.

Whatever comes in ends as a recorded event, a known duplicate, or a dead letter with a reason.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
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
from services.core.joins import change_visits, ids_to_load
from services.core.restatements import changed_footfall, restatements
from services.processor.devices import Report, boot_rows, coverage
from services.processor.messages import Message, dead_letter
from services.processor.store import EventRow, Store, Transaction
from services.processor.visit_rows import visit_rows

_KNOWN_BOOTS = 10_000


@dataclass(slots=True)
class Recorded:
    """What became of a batch."""

    events: int = 0
    duplicates: int = 0
    device_events: int = 0
    dead_letters: list[DeadLetter] = field(default_factory=list)

    def __add__(self, other: Recorded) -> Recorded:
        return Recorded(
            self.events + other.events,
            self.duplicates + other.duplicates,
            self.device_events + other.device_events,
            self.dead_letters + other.dead_letters,
        )


@dataclass(frozen=True, slots=True)
class _Decoded:
    message: Message
    event: VisitEvent | DeviceEvent


class Recorder:
    """Records batches of messages in a store."""

    def __init__(self) -> None:
        # Boots whose anchor is known to be stored: their clocks need no lock.
        self._anchored: set[UUID] = set()

    async def record(
        self, messages: Sequence[Message], *, store: Store, registry: RegistryIndex, now: datetime
    ) -> Recorded:
        """Record a batch in one transaction; doing it again changes nothing.

        `now` (UTC) is when the batch is decided on. Raises ConcurrentChange and psycopg's errors;
        then nothing was recorded.
        """
        recorded = Recorded()
        decoded = _decode(messages, recorded.dead_letters)
        offered = _offered_anchors(decoded, registry)
        async with store.transaction() as transaction:
            anchors = await transaction.lock_boots(self._boots_to_settle(decoded, offered))
            newly_anchored = offered.keys() - anchors.keys() - self._anchored
            anchors = offered | anchors
            visit_events, device_events = _decide(decoded, registry, anchors, now, recorded)
            facts = await _record_events(transaction, visit_events, registry, recorded)
            if newly_anchored:
                await _repair_clocks(transaction, newly_anchored, anchors, registry, facts)
            replayed = {str(d.event.event_id) for d in decoded if d.message.is_replay}
            await _change_visits(transaction, facts, registry, replayed)
            await transaction.add_coverage(coverage(device_events))
            of_known_devices = [
                Report(d.event, d.message.received_at, anchors.get(d.event.boot_id))
                for d in decoded
                if d.event.source in registry.devices
            ]
            await transaction.add_boots(boot_rows(of_known_devices))
            await transaction.add_dead_letters(recorded.dead_letters)
        self._remember_anchored(offered)
        recorded.device_events = len(device_events)
        return recorded

    def _boots_to_settle(
        self, decoded: Iterable[_Decoded], offered: Mapping[UUID, BootAnchor]
    ) -> set[UUID]:
        unsynced = {d.event.boot_id for d in decoded if not d.event.clock.synced}
        return unsynced | (offered.keys() - self._anchored)

    def _remember_anchored(self, offered: Mapping[UUID, BootAnchor]) -> None:
        if len(self._anchored) > _KNOWN_BOOTS:
            self._anchored.clear()
        self._anchored.update(offered)


def _decode(messages: Iterable[Message], dead_letters: list[DeadLetter]) -> list[_Decoded]:
    decoded = []
    for message in messages:
        event = decode(message.value)
        if isinstance(event, InvalidEvent):
            dead_letters.append(dead_letter(message, event))
        else:
            decoded.append(_Decoded(message, event))
    return decoded


def _offered_anchors(
    decoded: Iterable[_Decoded], registry: RegistryIndex
) -> dict[UUID, BootAnchor]:
    offered: dict[UUID, BootAnchor] = {}
    for item in decoded:
        anchor = anchor_of(
            item.event, received_at=item.message.received_at, horizon=BACKFILL_HORIZON
        )
        if anchor is not None and item.event.source in registry.devices:
            best = offered.get(item.event.boot_id)
            if best is None or anchor.seq < best.seq:
                offered[item.event.boot_id] = anchor
    return offered


def _decide(
    decoded: Iterable[_Decoded],
    registry: RegistryIndex,
    anchors: Mapping[UUID, BootAnchor],
    now: datetime,
    recorded: Recorded,
) -> tuple[dict[UUID, tuple[Message, EventRow, VisitEvent]], list[Accepted]]:
    """Visit events to record, by id, and device events; the rest goes to `recorded`."""
    visit_events: dict[UUID, tuple[Message, EventRow, VisitEvent]] = {}
    device_events: list[Accepted] = []
    for item in decoded:
        message, event = item.message, item.event
        decision = _belongs(message, event) or decide(
            event,
            received_at=message.received_at,
            now=now,
            registry=registry,
            anchor=anchors.get(event.boot_id),
        )
        if isinstance(decision, Rejected):
            recorded.dead_letters.append(dead_letter(message, decision, event))
        elif isinstance(event, Heartbeat | DeviceStarted):
            device_events.append(decision)
        else:
            row = _event_row(event, decision, message)
            first = visit_events.setdefault(event.event_id, (message, row, event))
            if first[1] is not row:
                _again(first[1].digest, message, row, event, recorded)
    return visit_events, device_events


def _belongs(message: Message, event: VisitEvent | DeviceEvent) -> Rejected | None:
    is_device_event = isinstance(event, Heartbeat | DeviceStarted)
    topic = HEARTBEATS if is_device_event else VISIT_EVENTS
    if message.topic.endswith(topic.name):
        return None
    return Rejected(Reason.WRONG_TOPIC, "type", f"{event.type} belongs on {topic.name}")


def _event_row(event: VisitEvent, decision: Accepted, message: Message) -> EventRow:
    body = encode(event)
    return EventRow(
        event_id=event.event_id,
        digest=int.from_bytes(hashlib.blake2b(body, digest_size=8).digest(), signed=True),
        visit_id=event.visit_id,
        type=event.type,
        site=event.site,
        source=event.source,
        boot_id=event.boot_id,
        clock_synced=event.clock.synced,
        occurred_at=event.occurred_at,
        received_at=message.received_at,
        corrected_at=decision.corrected_at,
        method=decision.method,
        body=body.decode(),
    )


def _again(
    first_digest: int, message: Message, row: EventRow, event: VisitEvent, recorded: Recorded
) -> None:
    """An id for the second time: the same content is a duplicate, another is a conflict."""
    if row.digest == first_digest:
        recorded.duplicates += 1
    else:
        conflict = Rejected(
            Reason.CONFLICT, "event_id", "this id was recorded with other content; the first wins"
        )
        recorded.dead_letters.append(dead_letter(message, conflict, event))


async def _record_events(
    transaction: Transaction,
    visit_events: dict[UUID, tuple[Message, EventRow, VisitEvent]],
    registry: RegistryIndex,
    recorded: Recorded,
) -> dict[str, list[Fact]]:
    """Record what is new; return its facts by visit."""
    facts: dict[str, list[Fact]] = defaultdict(list)
    if not visit_events:
        return facts
    seen = await transaction.remember([row for _, row, _ in visit_events.values()])
    for event_id, (message, row, event) in visit_events.items():
        if event_id in seen:
            _again(seen[event_id], message, row, event, recorded)
        else:
            recorded.events += 1
            facts[str(event.visit_id)].append(_fact(event, row.corrected_at, row.method, registry))
    return facts


def _fact(
    event: VisitEvent, at: datetime, method: CorrectionMethod, registry: RegistryIndex
) -> Fact:
    ends_wait = registry.sites[event.site].wait_ends == "check_in"
    return fact_of(event, to_us(at), method, check_in_ends_wait=ends_wait)


async def _repair_clocks(
    transaction: Transaction,
    boot_ids: Iterable[UUID],
    anchors: Mapping[UUID, BootAnchor],
    registry: RegistryIndex,
    facts: dict[str, list[Fact]],
) -> None:
    """Date again the recorded events of boots whose clock has just become known."""
    for event_id, visit_id, received_at, corrected_at, body in await transaction.unsynced_events(
        boot_ids
    ):
        event = decode(body.encode())
        if isinstance(event, InvalidEvent | Heartbeat | DeviceStarted):
            raise TypeError(f"recorded event {event_id} no longer decodes")
        at, method = correct(
            event,
            received_at=received_at,
            anchor=anchors[event.boot_id],
            horizon=BACKFILL_HORIZON,
        )
        if at != corrected_at:
            await transaction.move_event(event_id, corrected_at, at, method)
            facts[str(visit_id)].append(_fact(event, at, method, registry))


async def _change_visits(
    transaction: Transaction,
    facts: Mapping[str, Sequence[Fact]],
    registry: RegistryIndex,
    replayed: Collection[str],
) -> None:
    if not facts:
        return
    stored = await transaction.lock_visits(ids_to_load(facts))
    changes = change_visits(stored, facts)
    await transaction.write_visits(
        [row for change in changes for row in visit_rows(change, stored, registry)]
    )
    footfall = changed_footfall(changes)
    final = await transaction.final_buckets(footfall.measures)
    await transaction.add_restatements(restatements(changes, final, replayed))
    await transaction.add_footfall(footfall)
