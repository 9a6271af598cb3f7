from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.codec import decode
from schemas.events import TicketIssued
from services.edge.clock import SystemClock
from services.edge.device import Device
from services.edge.errors import InvalidFields, OutboxBusy, OutboxFull, OutboxUnavailable
from services.edge.outbox import MEBIBYTE, Outbox

TICKET = {"queue": "sejour", "directorate": "dmi", "service": "sejour"}


def _issue(device, number="A001"):
    return device.issue_ticket("sejour", number, "dmi", "sejour")


def _issue_until_full(device):
    while True:
        try:
            _issue(device)
        except OutboxFull as full:
            return full


def _issue_in_another_process(path, boot_id, count):
    outbox = Outbox(path, min_free_bytes=0)
    clock = SystemClock()
    clock._boot_id = boot_id
    device = Device("creteil-kiosk-1", "creteil", outbox, clock)
    for number in range(count):
        _issue(device, f"A{number:03d}")
    outbox.close()


def test_what_was_appended_waits_in_order_as_it_was_returned(device, outbox):
    events = [_issue(device, f"A{number:03d}") for number in range(5)]
    assert [decode(entry.body) for entry in outbox.pending(10)] == events
    assert [event.seq for event in events] == [1, 2, 3, 4, 5]


def test_seq_has_no_gap_across_processes(tmp_path, clock):
    path = tmp_path / "outbox.db"
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=_issue_in_another_process, args=(path, clock.boot_id, 30))
        for _ in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    outbox = Outbox(path)
    seqs = [json.loads(entry.body)["seq"] for entry in outbox.pending(1000)]
    outbox.close()
    assert seqs == list(range(1, 61))


def test_seq_counts_each_boot_and_each_device_apart(device, outbox, clock):
    other = Device("creteil-kiosk-2", "creteil", outbox, clock)
    assert [_issue(device).seq, _issue(other).seq, _issue(device).seq] == [1, 1, 2]


def test_a_refused_event_is_never_written_and_takes_no_seq(device, outbox):
    with pytest.raises(InvalidFields, match="number"):
        device.emit_many(
            [
                (TicketIssued, {**TICKET, **device.ticket_fields("q", "A1"), "number": "A1"}),
                (TicketIssued, {**TICKET, **device.ticket_fields("q", "A1"), "number": "no"}),
            ]
        )
    assert outbox.depth() == 0
    assert _issue(device).seq == 1


def test_a_full_outbox_refuses_and_keeps_what_it_has(tmp_path, clock):
    outbox = Outbox(tmp_path / "outbox.db", max_bytes=100_000, min_free_bytes=0)
    device = Device("creteil-kiosk-1", "creteil", outbox, clock)
    full = _issue_until_full(device)
    issued = outbox.depth()
    assert 50 < issued < 200
    for word in ("limit of 0.1 MB", f"{issued} events wait", "2026-03-02", "Remedy"):
        assert word in str(full)
    assert outbox.status().fullness > 0.9
    outbox.close()


def test_acknowledged_room_is_used_again_and_the_file_does_not_grow(tmp_path, clock):
    outbox = Outbox(tmp_path / "outbox.db", max_bytes=MEBIBYTE, min_free_bytes=0)
    device = Device("creteil-kiosk-1", "creteil", outbox, clock)
    for _ in range(20):
        device.emit_many(
            [
                (TicketIssued, {**TICKET, **device.ticket_fields("q", "A1"), "number": "A1"})
                for _ in range(500)
            ]
        )
        outbox.acknowledge([entry.position for entry in outbox.pending(500)])
    assert outbox.path.stat().st_size < MEBIBYTE
    outbox.close()


def test_a_disk_that_is_nearly_full_is_left_free(tmp_path, clock):
    outbox = Outbox(tmp_path / "outbox.db", min_free_bytes=2**60)
    device = Device("creteil-kiosk-1", "creteil", outbox, clock)
    with pytest.raises(OutboxFull, match="must stay free"):
        _issue(device)
    assert outbox.status().fullness == 1.0
    outbox.close()


def test_a_full_disk_says_so(device, outbox):
    with outbox._file.transaction() as connection:
        connection.execute("PRAGMA max_page_count = 1")
    assert "disk" in str(_issue_until_full(device))


def test_acknowledging_forgets_these_events_and_no_other(device, outbox):
    for number in range(4):
        _issue(device, f"A{number}")
    first, second, third, fourth = outbox.pending(10)
    outbox.acknowledge([first.position, third.position])
    assert outbox.pending(10) == [second, fourth]


def test_a_position_is_never_used_again(device, outbox):
    _issue(device)
    [before] = outbox.pending(1)
    outbox.acknowledge([before.position])
    _issue(device)
    [after] = outbox.pending(1)
    assert after.position > before.position


def test_a_refused_event_leaves_the_queue_and_can_be_tried_again(device, outbox):
    event = _issue(device)
    [entry] = outbox.pending(1)
    outbox.refuse(entry.position, "too large")
    assert outbox.depth() == 0
    [refused] = outbox.refused()
    assert (refused.event_id, refused.reason) == (str(event.event_id), "too large")
    assert outbox.retry_refused() == 1
    assert [decode(entry.body) for entry in outbox.pending(1)] == [event]
    assert outbox.refused() == []


def test_a_lasting_problem_keeps_its_beginning_and_a_success_clears_it(device, outbox):
    outbox.report_problem("away")
    since = outbox.status().problem_since
    outbox.report_problem("away")
    assert (outbox.status().problem, outbox.status().problem_since) == ("away", since)
    outbox.acknowledge([])
    assert outbox.status().problem is None


def test_an_outbox_that_another_process_holds_is_busy_not_silent(tmp_path, clock):
    outbox = Outbox(tmp_path / "outbox.db", min_free_bytes=0, busy_timeout_s=0.05)
    holder = sqlite3.connect(outbox.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(OutboxBusy, match="try again"):
        _issue(Device("creteil-kiosk-1", "creteil", outbox, clock))
    holder.execute("ROLLBACK")
    holder.close()
    assert outbox.depth() == 0
    outbox.close()


def test_a_file_set_aside_under_a_process_does_not_take_its_events_along(device, outbox, tmp_path):
    _issue(device)
    outbox.path.rename(tmp_path / "aside.db")
    _issue(device)
    assert outbox.path.exists()
    assert outbox.depth() == 1


def test_the_group_may_write_whatever_the_umask(tmp_path):
    umask = os.umask(0o077)
    try:
        outbox = Outbox(tmp_path / "outbox.db")
        files = {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
        outbox.close()
    finally:
        os.umask(umask)
    assert files == {0o660}


def test_a_newer_format_is_not_touched(tmp_path):
    path = tmp_path / "outbox.db"
    Outbox(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(OutboxUnavailable, match="upgrade"):
        Outbox(path)


def test_a_folder_that_cannot_be_made_names_the_setting(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutboxUnavailable, match="PASSAGE_OUTBOX"):
        Outbox(tmp_path / "file" / "outbox.db")


def test_every_commit_waits_for_the_disk(outbox):
    with outbox._file.reading() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


_REPORTING = """
import sys
from pathlib import Path
from services.edge.clock import SystemClock
from services.edge.device import Device
from services.edge.outbox import Outbox
outbox = Outbox(Path(sys.argv[1]), min_free_bytes=0)
device = Device("creteil-kiosk-1", "creteil", outbox, SystemClock())
for number in range(100_000):
    print(device.issue_ticket("q", f"A{number % 1000}", "d", "s").event_id, flush=True)
"""


def test_what_was_reported_before_a_kill_is_there_after_it(tmp_path: Path):
    path = tmp_path / "outbox.db"
    process = subprocess.Popen(
        [sys.executable, "-c", _REPORTING, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    reported = [process.stdout.readline().strip() for _ in range(200)]
    os.kill(process.pid, signal.SIGKILL)
    # Whole lines only: the last may have been cut.
    reported += [line for line in process.stdout.read().split("\n")[:-1] if line]
    process.stdout.close()
    process.wait()
    outbox = Outbox(path)
    written = [entry.event_id for entry in outbox.pending(1_000_000)]
    outbox.require_sound()
    outbox.close()
    assert written[: len(reported)] == reported
    assert len(written) - len(reported) <= 1
