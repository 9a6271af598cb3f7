"""One batch of messages, from bytes to the rows of one transaction."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from schemas.codec import InvalidEvent, decode
from schemas.dead_letters import DeadLetter
from schemas.events import DeviceStarted, Heartbeat
from services.core.clock import BootAnchor, correct
from services.core.decisions import BACKFILL_HORIZON, RegistryIndex
from services.core.facts import Fact
from services.core.joins import change_visits, ids_to_load
from services.core.restatements import changed_footfall, restatements
from services.processor.devices import coverage
from services.processor.intake import Intake, dated_fact
from services.processor.messages import Message
from services.processor.store import Store, Transaction
from services.processor.visit_rows import visit_rows

_KNOWN_BOOTS = 10_000
_AT_A_TIME = 250
"""Messages taken up before other lanes have their turn; a few milliseconds."""


@dataclass(slots=True)
class Recorded:
    """What became of a batch."""

    events: int = 0
    duplicates: int = 0
    device_events: int = 0
    dead_letters: list[DeadLetter] = field(default_factory=list)
    transaction_s: float = 0.0
    """How long it kept its locks."""

    def __add__(self, other: Recorded) -> Recorded:
        return Recorded(
            self.events + other.events,
            self.duplicates + other.duplicates,
            self.device_events + other.device_events,
            self.dead_letters + other.dead_letters,
            max(self.transaction_s, other.transaction_s),
        )


class Recorder:
    """Records batches of messages in a store."""

    def __init__(self) -> None:
        # Boots whose anchor is known to be stored: their clocks need no lock.
        self._anchored: set[UUID] = set()

    def forget(self) -> None:
        """Take nothing for stored any more."""
        self._anchored.clear()

    async def record(
        self, messages: Sequence[Message], *, store: Store, registry: RegistryIndex, now: datetime
    ) -> Recorded:
        """Record a batch in one transaction; doing it again changes nothing.

        `now` (UTC) is when the batch is decided on. Raises ConcurrentChange and psycopg's errors;
        then nothing was recorded.
        """
        intake = Intake(registry, now=now, anchored=self._anchored)
        for start in range(0, len(messages), _AT_A_TIME):
            for message in messages[start : start + _AT_A_TIME]:
                intake.take(message)
            await asyncio.sleep(0)
        now_s = asyncio.get_running_loop().time
        began_s = now_s()
        async with store.transaction() as transaction:
            stored = await transaction.lock_boots(intake.boots_to_settle())
            newly_anchored = intake.offered.keys() - stored.keys()
            anchors = intake.offered | stored
            intake.settle(anchors)
            facts = await _record_events(transaction, intake)
            events = sum(map(len, facts.values()))
            if newly_anchored:
                await _repair_clocks(transaction, newly_anchored, anchors, registry, facts)
            await _change_visits(transaction, facts, registry, intake.replayed)
            await transaction.add_coverage(coverage(intake.device_events))
            await transaction.add_boots(
                [report.row(anchors.get(report.boot_id)) for report in intake.boots()]
            )
            await transaction.add_dead_letters(intake.dead_letters)
        self._remember_anchored(intake.offered)
        return Recorded(
            events,
            intake.duplicates,
            len(intake.device_events),
            intake.dead_letters,
            transaction_s=now_s() - began_s,
        )

    def _remember_anchored(self, offered: Mapping[UUID, BootAnchor]) -> None:
        if len(self._anchored) > _KNOWN_BOOTS:
            self._anchored.clear()
        self._anchored.update(offered)


async def _record_events(transaction: Transaction, intake: Intake) -> dict[str, list[Fact]]:
    """Record what is new; return its facts by visit."""
    facts: dict[str, list[Fact]] = defaultdict(list)
    if not intake.counted:
        return facts
    seen = await transaction.remember({key: one.digest for key, one in intake.counted.items()})
    rows = []
    for event_id, one in intake.counted.items():
        if event_id in seen:
            intake.again(seen[event_id], one)
        else:
            rows.append(one.row)
            facts[one.visit_id].append(one.fact)
    await transaction.add_events(rows)
    return facts


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
            facts[str(visit_id)].append(dated_fact(event, at, method, registry))


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
