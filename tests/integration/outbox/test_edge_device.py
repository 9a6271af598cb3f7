from __future__ import annotations

from datetime import UTC, date, datetime, time
from uuid import UUID

import pytest

from schemas.codec import decode
from schemas.events import Called, CheckedIn, Heartbeat
from services.core.visit_id import of_appointment, of_ticket
from services.edge.device import EVENT_CLASSES, Device, mint_event_id
from services.edge.errors import InvalidFields

HASH = "0123456789abcdef0123456789abcdef"


def test_an_event_carries_what_the_device_knew_of_time(device, clock):
    event = device.issue_ticket("sejour", "A042", "dmi", "sejour")
    assert event.boot_id == clock.boot_id
    assert event.occurred_at == clock.now()
    assert event.monotonic_ms == 0
    assert (event.clock.synced, event.clock.offset_ms) == (True, 3)
    assert (event.source, event.site, event.mode) == ("creteil-kiosk-1", "creteil", "live")


def test_event_ids_are_version_7_and_sort_by_the_devices_time():
    ids = [mint_event_id(datetime(2026, 3, 2, 8, 0, second, tzinfo=UTC)) for second in range(5)]
    assert {i.version for i in ids} == {7}
    assert {i.variant for i in ids} == {UUID(int=2 << 62).variant}
    assert sorted(ids) == ids
    assert mint_event_id(datetime(1969, 1, 1, tzinfo=UTC)).version == 7


def test_event_ids_of_one_millisecond_differ():
    at = datetime(2026, 3, 2, tzinfo=UTC)
    assert len({mint_event_id(at) for _ in range(10_000)}) == 10_000


def test_a_kiosk_and_a_reception_find_the_same_visit(device, outbox, clock):
    reception = Device("creteil-reception", "creteil", outbox, clock)
    ticket = device.issue_ticket("sejour", "A042", "dmi", "sejour")
    check_in = reception.check_in("dmi", "sejour", queue="sejour", number="A042")
    assert check_in.visit_id == ticket.visit_id
    assert ticket.visit_id == of_ticket("creteil", "sejour", date(2026, 3, 2), "A042")


def test_before_the_business_day_starts_it_is_still_yesterday(device):
    early = datetime(2026, 3, 2, 2, 59, tzinfo=UTC)  # 03:59 in Paris
    ticket = device.issue_ticket("sejour", "A042", "dmi", "sejour", occurred_at=early)
    assert ticket.visit_id == of_ticket("creteil", "sejour", date(2026, 3, 1), "A042")


def test_the_business_date_is_the_sites(outbox, clock):
    papeete = Device(
        "k", "s", outbox, clock, time_zone="Pacific/Tahiti", business_day_starts=time(0)
    )
    ticket = papeete.issue_ticket("q", "A1", "d", "s")  # 22:00 the day before
    assert ticket.visit_id == of_ticket("s", "q", date(2026, 3, 1), "A1")


def test_a_wrapped_number_is_another_visit(device):
    first = device.issue_ticket("sejour", "A042", "dmi", "sejour")
    second = device.issue_ticket("sejour", "A042", "dmi", "sejour", wrap=1)
    assert first.visit_id != second.visit_id


def test_an_appointment_is_known_by_its_hash_only(device):
    event = device.check_in("dmi", "sejour", appointment=HASH)
    assert event.visit_id == of_appointment("creteil", HASH)
    assert event.channel == "appointment"
    with pytest.raises(InvalidFields, match="appointment"):
        device.check_in("dmi", "sejour", appointment="RDV-2026-0042")


def test_a_visitor_with_neither_has_an_id_of_their_own(device):
    first, second = device.check_in("dcl", "accueil"), device.check_in("dcl", "accueil")
    assert first.visit_id != second.visit_id
    assert first.channel == "reception"


def test_half_a_ticket_is_no_ticket(device):
    with pytest.raises(InvalidFields, match="queue and number"):
        device.check_in("dmi", "sejour", number="A042")


def test_party_size_is_declared_when_given_and_absent_otherwise(device):
    family = device.issue_ticket("q", "A1", "d", "s", party_size=4)
    assert family.party_size is not None
    assert (family.party_size.persons, family.party_size.declared) == (4, True)
    assert device.issue_ticket("q", "A2", "d", "s").party_size is None


def test_a_person_cannot_be_named_and_the_error_does_not_repeat_the_name(device, outbox):
    with pytest.raises(InvalidFields) as refused:
        device.emit(
            CheckedIn,
            **device.check_in_fields(None, None, 0, None),
            directorate="dmi",
            service="sejour",
            visitor_name="Dupont",
        )
    assert "visitor_name" in str(refused.value)
    assert "Dupont" not in str(refused.value)
    assert outbox.depth() == 0


def test_what_the_device_stamps_cannot_be_given(device):
    with pytest.raises(InvalidFields, match=r"boot_id, seq is stamped"):
        device.emit(Called, seq=7, boot_id=UUID(int=2), visit_id=UUID(int=3))


def test_a_time_without_offset_is_refused(device):
    naive = datetime(2026, 3, 2, 9, 0)  # noqa: DTZ001 -- that is the mistake
    with pytest.raises(InvalidFields, match="offset"):
        device.issue_ticket("q", "A1", "d", "s", occurred_at=naive)
    with pytest.raises(InvalidFields, match="occurred_at"):
        device.emit(Called, visit_id=UUID(int=3), occurred_at=naive)


def test_a_heartbeat_says_what_waits(device):
    device.issue_ticket("q", "A1", "d", "s")
    heartbeat = device.heartbeat(30)
    assert (heartbeat.covers_s, heartbeat.outbox_depth) == (30, 1)


def test_every_event_type_can_be_emitted_by_name(device, outbox):
    assert len(EVENT_CLASSES) == 16
    assert EVENT_CLASSES["heartbeat"] is Heartbeat
    event = device.emit(EVENT_CLASSES["called"], visit_id=str(UUID(int=3)), desk="g3")
    [entry] = outbox.pending(1)
    assert decode(entry.body) == event


def test_emit_many_is_one_transaction_with_consecutive_seqs(device, outbox):
    events = device.emit_many([(Called, {"visit_id": UUID(int=n)}) for n in range(1, 101)])
    assert [event.seq for event in events] == list(range(1, 101))
    assert outbox.depth() == 100


def test_a_training_device_says_test(outbox, clock):
    trainer = Device("k", "s", outbox, clock, mode="test")
    assert trainer.issue_ticket("q", "A1", "d", "s").mode == "test"
