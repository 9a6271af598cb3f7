"""One batch of messages, from bytes to the rows of one transaction. The only caller of the rules.

Whatever comes in ends as a recorded event, a known duplicate, or a dead letter with a reason.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
from services.core.joins import change_visits, ids_to_load
from services.core.restatements import changed_footfall, restatements
from services.processor.copy_text import escaped
from services.processor.devices import Report, boot_rows, coverage
from services.processor.messages import Decoded, Message, dead_letter
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


class _Valid(NamedTuple):
    message: Message
    event: VisitEvent | DeviceEvent


class _Counted(NamedTuple):
    """A visit event that counts, unless it was recorded before."""

    message: Message
    event: VisitEvent
    corrected_at: datetime
    digest: int
    """Of its content: tells a duplicate from a conflict."""
    row: EventRow


class Recorder:
    """Records batches of messages in a store."""

    def __init__(self) -> None:
        # Boots whose anchor is known to be stored: their clocks need no lock.
        self._anchored: set[UUID] = set()

    def forget(self) -> None:
        """Take nothing for stored any more."""
        self._anchored.clear()

    async def record(
        self, items: Sequence[Decoded], *, store: Store, registry: RegistryIndex, now: datetime
    ) -> Recorded:
        """Record a batch in one transaction; doing it again changes nothing.

        `now` (UTC) is when the batch is decided on. Raises ConcurrentChange and psycopg's errors;
        then nothing was recorded.
        """
        recorded = Recorded()
        valid = _valid(items, recorded.dead_letters)
        offered = _offered_anchors(valid, registry, self._anchored)
        async with store.transaction() as transaction:
            anchors = await transaction.lock_boots(self._boots_to_settle(valid, offered))
            newly_anchored = offered.keys() - anchors.keys()
            anchors = offered | anchors
            reports: list[Report] = []
            visit_events, device_events = _decide(valid, registry, anchors, now, recorded, reports)
            facts = await _record_events(transaction, visit_events, registry, recorded)
            if newly_anchored:
                await _repair_clocks(transaction, newly_anchored, anchors, registry, facts)
            replayed = {str(d.event.event_id) for d in valid if d.message.is_replay}
            await _change_visits(transaction, facts, registry, replayed)
            await transaction.add_coverage(coverage(device_events))
            await transaction.add_boots(boot_rows(reports))
            await transaction.add_dead_letters(recorded.dead_letters)
        self._remember_anchored(offered)
        recorded.device_events = len(device_events)
        return recorded

    def _boots_to_settle(
        self, valid: Iterable[_Valid], offered: Mapping[UUID, BootAnchor]
    ) -> set[UUID]:
        unsynced = {d.event.boot_id for d in valid if not d.event.clock.synced}
        return unsynced | offered.keys()

    def _remember_anchored(self, offered: Mapping[UUID, BootAnchor]) -> None:
        if len(self._anchored) > _KNOWN_BOOTS:
            self._anchored.clear()
        self._anchored.update(offered)


def _valid(items: Iterable[Decoded], dead_letters: list[DeadLetter]) -> list[_Valid]:
    valid = []
    for message, event in items:
        if isinstance(event, InvalidEvent):
            dead_letters.append(dead_letter(message, event))
        else:
            valid.append(_Valid(message, event))
    return valid


def _offered_anchors(
    valid: Iterable[_Valid], registry: RegistryIndex, stored: Collection[UUID]
) -> dict[UUID, BootAnchor]:
    """The first anchor of each boot that has none stored."""
    offered: dict[UUID, BootAnchor] = {}
    for message, event in valid:
        if event.boot_id in stored or event.source not in registry.devices:
            continue
        best = offered.get(event.boot_id)
        if best is None or event.seq < best.seq:
            anchor = anchor_of(event, received_at=message.received_at, horizon=BACKFILL_HORIZON)
            if anchor is not None:
                offered[event.boot_id] = anchor
    return offered


def _decide(
    valid: Iterable[_Valid],
    registry: RegistryIndex,
    anchors: Mapping[UUID, BootAnchor],
    now: datetime,
    recorded: Recorded,
    reports: list[Report],
) -> tuple[dict[str, _Counted], list[Accepted]]:
    """Visit events to record, by id, and device events; the rest goes to `recorded`.

    What known devices sent, counted or not, is added to `reports`.
    """
    visit_events: dict[str, _Counted] = {}
    device_events: list[Accepted] = []
    for message, event in valid:
        anchor = anchors.get(event.boot_id)
        decision = _belongs(message, event) or decide(
            event,
            received_at=message.received_at,
            now=now,
            registry=registry,
            anchor=anchor,
        )
        if event.source in registry.devices:
            accepted = None if isinstance(decision, Rejected) else decision
            reports.append(Report(event, message.received_at, anchor, accepted))
        if isinstance(decision, Rejected):
            recorded.dead_letters.append(dead_letter(message, decision, event))
        elif isinstance(event, Heartbeat | DeviceStarted):
            device_events.append(decision)
        else:
            one = _counted(message, event, decision)
            first = visit_events.setdefault(one.row.event_id, one)
            if first is not one:
                _again(first.digest, one, recorded)
    return visit_events, device_events


def _counted(message: Message, event: VisitEvent, decision: Accepted) -> _Counted:
    body = encode(event)
    digest = int.from_bytes(hashlib.blake2b(body, digest_size=8).digest(), signed=True)
    row = _event_row(event, decision, message, body)
    return _Counted(message, event, decision.corrected_at, digest, row)


def _belongs(message: Message, event: VisitEvent | DeviceEvent) -> Rejected | None:
    is_device_event = isinstance(event, Heartbeat | DeviceStarted)
    topic = HEARTBEATS if is_device_event else VISIT_EVENTS
    if message.topic.endswith(topic.name):
        return None
    return Rejected(Reason.WRONG_TOPIC, "type", f"{event.type} belongs on {topic.name}")


def _event_row(event: VisitEvent, decision: Accepted, message: Message, body: bytes) -> EventRow:
    corrected_at = str(decision.corrected_at)
    is_stated = decision.method == "stated"
    return EventRow(
        corrected_at,
        str(event.event_id),
        str(event.visit_id),
        event.type,
        event.site,
        event.source,
        str(event.boot_id),
        "t" if event.clock.synced else "f",
        corrected_at if is_stated else str(event.occurred_at),
        str(message.received_at),
        decision.method,
        escaped(body.decode()),
    )


def _again(first_digest: int, again: _Counted, recorded: Recorded) -> None:
    """An id for the second time: the same content is a duplicate, another is a conflict."""
    if again.digest == first_digest:
        recorded.duplicates += 1
    else:
        conflict = Rejected(
            Reason.CONFLICT, "event_id", "this id was recorded with other content; the first wins"
        )
        recorded.dead_letters.append(dead_letter(again.message, conflict, again.event))


async def _record_events(
    transaction: Transaction,
    counted: Mapping[str, _Counted],
    registry: RegistryIndex,
    recorded: Recorded,
) -> dict[str, list[Fact]]:
    """Record what is new; return its facts by visit."""
    facts: dict[str, list[Fact]] = defaultdict(list)
    if not counted:
        return facts
    seen = await transaction.remember({key: one.digest for key, one in counted.items()})
    rows = []
    for event_id, one in counted.items():
        if event_id in seen:
            _again(seen[event_id], one, recorded)
        else:
            rows.append(one.row)
            facts[one.row.visit_id].append(
                _fact(one.event, one.corrected_at, one.row.method, registry)
            )
    await transaction.add_events(rows)
    recorded.events += len(rows)
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
