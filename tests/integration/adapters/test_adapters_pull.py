"""Exports over SFTP: each row once, whatever happens on the way; and nobody's name anywhere."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.whole_topic import messages_in
from schemas.codec import InvalidEvent, decode
from tests.integration.adapters.vendor_server import Vendor, new_key, row
from tests.pipeline import Pipeline

DAY = (datetime.now(UTC) - timedelta(days=1)).strftime("%d/%m/%Y")


@pytest.fixture
def arrived(vendor: Vendor) -> Callable[[], list[bytes]]:
    """The bodies of all visit events in Kafka."""

    def arrived() -> list[bytes]:
        topic = vendor.environ["PASSAGE_TOPIC_PREFIX"] + "visit-events"
        found = messages_in(vendor.environ["PASSAGE_KAFKA"], topic)
        return [message.value for message in found]

    return arrived


def test_exports_are_taken_once_and_the_rest_of_a_longer_one(
    vendor: Vendor, arrived: Callable[[], list[bytes]]
) -> None:
    vendor.export("a.csv", row(1, DAY), row(2, DAY))
    vendor.export("notes.txt", header="not an export")
    code, said = vendor.pull()
    assert (code, said) == (
        0,
        "1 files taken, 0 known before: 2 rows, 4 events delivered, 0 rows refused\n",
    )
    first = arrived()
    assert len(first) == 4
    assert not any(isinstance(decode(body), InvalidEvent) for body in first)
    assert vendor.pull()[1].startswith("0 files taken, 1 known before: 0 rows")

    # Grown, and copied: what is in is sent again, byte by byte, and counts once.
    vendor.export("a.csv", row(1, DAY), row(2, DAY), row(3, DAY))
    shutil.copy(vendor.exports / "a.csv", vendor.exports / "b.csv")
    assert vendor.pull()[1].startswith("2 files taken, 0 known before: 6 rows, 12 events")
    assert len(set(arrived())) == 6
    # Touched, and the same.
    os.utime(vendor.exports / "a.csv", (1, 1))
    assert vendor.pull()[1].startswith("1 files taken, 1 known before: 0 rows")


def test_rows_that_are_refused_are_listed_and_the_others_are_in(
    vendor: Vendor, arrived: Callable[[], list[bytes]]
) -> None:
    vendor.export(
        "a.csv",
        row(1, DAY),
        row(2, DAY, service="Durand Awa"),
        row(3, DAY).replace("09:03", "midi"),
        row(4, DAY).replace("\n", ";trop\n"),
    )
    vendor.export("wrong.csv", row(1, DAY), header="Day;Ticket\n")
    code, said = vendor.pull()
    assert code == 1
    assert "4 rows, 3 events delivered, 3 rows refused" in said
    assert "wrong.csv has no column 'Appelé à', 'Jour'" in said
    report = vendor.state / "vendor.refused.jsonl"
    assert str(report) in said
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert [(line["file"], line["line"], line["event"], line["reason"]) for line in lines] == [
        ("a.csv", 3, "ticket_issued", "not_in_table"),
        ("a.csv", 3, "called", "not_in_table"),
        ("a.csv", 4, "ticket_issued", "not_a_time"),
        ("a.csv", 5, None, "ragged_row"),
    ]
    assert len(arrived()) == 3
    # Neither a row nor a name is anywhere that we write.
    kept = said.encode() + b"".join(f.read_bytes() for f in vendor.state.iterdir())
    assert b"Durand" not in kept + b"".join(arrived())
    assert b"0600000001" not in kept


def test_an_interrupted_pull_goes_on_where_it_was(
    vendor: Vendor, arrived: Callable[[], list[bytes]], eventually: Any
) -> None:
    vendor.export("a.csv", *(row(number, DAY) for number in range(1, 1200)))
    vendor.environ["PASSAGE_KAFKA"], away = "127.0.0.1:9", vendor.environ["PASSAGE_KAFKA"]
    process = vendor.start()
    database = vendor.state / "vendor.outbox.db"
    eventually(lambda: database.exists() and _waiting(database) == 1000)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted; run the same again" in err

    vendor.environ["PASSAGE_KAFKA"] = away
    code, said = vendor.pull()
    assert code == 0
    assert "699 rows, 1398 events delivered" in said
    bodies = arrived()
    assert len(bodies) == len(set(bodies)) == 2398


def _waiting(outbox: Path) -> int:
    try:
        with sqlite3.connect(f"file:{outbox}?mode=ro", uri=True) as connection:
            return int(connection.execute("SELECT count(*) FROM event").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def test_a_file_that_is_still_written_is_left_alone(
    vendor: Vendor, arrived: Callable[[], list[bytes]], eventually: Any
) -> None:
    vendor.write_mapping(settled_s=1.5)
    whole = vendor.export("whole.csv", row(1, DAY))
    half = vendor.export("half.csv", row(2, DAY))
    process = vendor.start()
    # Seen once; now it grows before it is looked at again.
    eventually(lambda: len(_sightings(vendor)) == 2)
    with half.open("a", encoding="utf-8") as file:
        file.write(row(3, DAY))
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out.startswith("1 files taken, 0 known before: 1 rows")
    assert "half.csv is still being written: the next run looks again" in out
    assert len(arrived()) == 2
    assert whole.exists()
    assert "1 files taken, 1 known before: 2 rows" in vendor.pull()[1]


def _sightings(vendor: Vendor) -> list[Any]:
    try:
        with sqlite3.connect(f"file:{vendor.state}/vendor.taken.db?mode=ro", uri=True) as ledger:
            return ledger.execute("SELECT name FROM sighting").fetchall()
    except sqlite3.OperationalError:
        return []


def test_a_stranger_is_not_talked_to(vendor: Vendor, tmp_path: Path) -> None:
    vendor.export("a.csv", row(1, DAY))
    (tmp_path / "known_hosts").write_text("")
    code, said = vendor.pull("--dry-run")
    assert code == 1
    assert "is not in `known_hosts`. Remedy: write its host key" in said

    vendor.know_host(new_key(tmp_path / "another-host"))
    code, said = vendor.pull("--dry-run")
    assert code == 1
    assert "shows another host key than `known_hosts` has" in said

    vendor.know_host(vendor.server.host_key)
    new_key(tmp_path / "another-key")
    vendor.write_mapping(key="another-key")
    code, said = vendor.pull("--dry-run")
    assert code == 1
    assert "does not let this key in. Remedy" in said

    (tmp_path / "another-key").chmod(0o644)
    code, said = vendor.pull("--dry-run")
    assert code == 1
    assert "is open to others. Remedy: chmod 600" in said


def test_a_redelivery_counts_once(vendor: Vendor, pipeline: Pipeline, eventually: Any) -> None:
    vendor.export("a.csv", row(1, DAY), row(2, DAY))
    assert vendor.pull()[0] == 0
    # As if the server and we had forgotten everything.
    shutil.rmtree(vendor.state)
    assert vendor.pull()[0] == 0
    pipeline.worker()
    eventually(pipeline.drained)
    passages = "SELECT sum(passages)::int, sum(tickets)::int FROM footfall WHERE site = 'sp-nogent'"
    assert pipeline.database.rows(passages) == [(2, 2)]
    assert pipeline.database.value("SELECT count(*) FROM dead_letter") == 0
    assert pipeline.database.value("SELECT count(*) FROM device_gap") == 0
