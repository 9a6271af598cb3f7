from __future__ import annotations

import pytest

from schemas.codec import decode
from schemas.events import TicketIssued
from services.edge.errors import OutboxCorrupted
from services.edge.outbox import Outbox
from services.edge.salvage import damaged_copies, salvage


def _fill(device, outbox, count):
    events = device.emit_many(
        (
            TicketIssued,
            {
                **device.ticket_fields("q", f"A{n}"),
                "queue": "q",
                "number": f"A{n}",
                "directorate": "d",
                "service": "s",
            },
        )
        for n in range(count)
    )
    outbox.close()  # writes the log into the file
    return events


def _damage(path, offset, length=4096):
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xa5" * length)


def test_a_damaged_page_costs_its_events_and_no_others(device, outbox):
    events = _fill(device, outbox, 300)
    _damage(outbox.path, 4096 * 20)
    with pytest.raises(OutboxCorrupted, match="passage edge salvage"):
        Outbox(outbox.path).require_sound()
    done = salvage(outbox.path)
    assert 280 <= done.saved < 300
    after = Outbox(outbox.path)
    saved = [decode(entry.body) for entry in after.pending(1000)]
    after.close()
    assert len(saved) == done.saved
    assert all(event in events for event in saved)
    assert damaged_copies(outbox.path) == [done.aside]


def test_a_file_that_is_no_database_is_kept_and_replaced(device, outbox):
    _fill(device, outbox, 10)
    _damage(outbox.path, 0)
    with pytest.raises(OutboxCorrupted, match="left as it is"):
        Outbox(outbox.path)
    before = outbox.path.read_bytes()
    done = salvage(outbox.path)
    assert done.saved == 0
    assert (done.aside / outbox.path.name).read_bytes() == before
    device.issue_ticket("q", "A1", "d", "s")
    assert outbox.depth() == 1


def test_salvaging_a_sound_outbox_loses_nothing(device, outbox):
    events = [device.issue_ticket("q", f"A{n}", "d", "s") for n in range(50)]
    assert salvage(outbox.path).saved == 50  # while its log holds events and it is open here
    assert [decode(entry.body) for entry in outbox.pending(100)] == events
