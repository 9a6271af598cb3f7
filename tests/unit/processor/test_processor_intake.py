"""What a batch holds, as far as it can be told without the store."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from schemas.reasons import Reason
from schemas.registry import Registry
from services.core.clock import EARLIEST, BootAnchor
from services.core.decisions import RegistryIndex
from services.processor.intake import Intake
from services.processor.messages import Message

NINE = datetime(2026, 11, 16, 8, tzinfo=UTC)
BOOT, OTHER_BOOT = UUID(int=2), UUID(int=3)
REGISTRY = RegistryIndex(
    Registry.model_validate(
        {
            "code": "val-de-marne",
            "name": "Préfecture",
            "sites": [{"code": "creteil", "name": "Créteil"}],
            "directorates": [],
            "services": [],
            "queues": [],
            "desks": [],
            "devices": [{"code": "borne-1", "site": "creteil", "kind": "kiosk"}],
        }
    )
)


def message(
    seq: int = 1, *, at: datetime = NINE, event: int | None = None, **changed: Any
) -> Message:
    body = {
        "type": "called",
        "version": 1,
        "event_id": str(UUID(int=event or seq)),
        "source": "borne-1",
        "boot_id": str(BOOT),
        "seq": seq,
        "monotonic_ms": 60_000,
        "occurred_at": at.isoformat(),
        "clock": {"synced": True},
        "site": "creteil",
        "visit_id": str(UUID(int=9)),
    } | changed
    return Message("visit-events", 0, seq, NINE, json.dumps(body).encode())


def unsynced(seq: int, **changed: Any) -> Message:
    return message(seq, at=datetime(1970, 1, 1, tzinfo=UTC), clock={"synced": False}, **changed)


def taken(*messages: Message, anchored: set[UUID] | None = None) -> Intake:
    intake = Intake(REGISTRY, now=NINE, anchored=anchored or set())
    for one in messages:
        intake.take(one)
    return intake


def test_an_event_with_a_synced_clock_counts_before_anything_is_asked_of_the_store() -> None:
    intake = taken(message(1), anchored={BOOT})
    assert set(intake.counted) == {str(UUID(int=1))}
    assert intake.boots_to_settle() == set()


def test_an_event_without_a_clock_counts_once_its_boot_is_settled() -> None:
    intake = taken(unsynced(1), anchored={BOOT})
    assert not intake.counted
    assert intake.boots_to_settle() == {BOOT}
    intake.settle({BOOT: BootAnchor(9, NINE - timedelta(minutes=10))})
    (one,) = intake.counted.values()
    assert "repaired" in one.fact.details


def test_the_first_event_of_a_boot_by_number_is_its_anchor() -> None:
    intake = taken(message(4), message(2), message(3), message(1, boot_id=str(OTHER_BOOT), event=7))
    assert {boot: anchor.seq for boot, anchor in intake.offered.items()} == {BOOT: 2, OTHER_BOOT: 1}


def test_an_id_that_comes_again_is_a_duplicate_or_a_conflict() -> None:
    intake = taken(message(1), message(1), message(1, type="left"))
    assert intake.duplicates == 1
    assert [one.reason for one in intake.dead_letters] == [Reason.CONFLICT]


def test_the_first_of_an_id_wins_even_when_it_waits_for_its_clock() -> None:
    first, second = unsynced(1), message(1, type="left")
    intake = taken(first, second, anchored={BOOT})
    intake.settle({})
    (letter,) = intake.dead_letters
    assert (letter.reason, letter.body and letter.body["type"]) == (Reason.CONFLICT, "left")


def test_a_device_has_reported_to_the_time_of_its_event_and_not_of_its_arrival() -> None:
    (boot,) = taken(message(1, at=NINE - timedelta(days=3))).boots()
    assert boot.reported_to == NINE - timedelta(days=3)


def test_a_time_that_nobody_can_know_reaches_nowhere() -> None:
    intake = taken(unsynced(1))
    intake.settle({})
    (boot,) = intake.boots()
    assert boot.reported_to == EARLIEST


def test_a_refused_event_is_a_sign_of_its_device_all_the_same() -> None:
    intake = taken(message(1), message(2, desk="nowhere"))
    (boot,) = intake.boots()
    assert boot.seqs == [1, 2]
    assert [one.reason for one in intake.dead_letters] == [Reason.UNKNOWN_DESK]


def test_an_unknown_device_is_nobody() -> None:
    intake = taken(message(1, source="borne-9"))
    assert not intake.boots()
    assert not intake.offered
