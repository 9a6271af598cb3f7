"""What can be seen of a worker from outside: numbers, lines, spans; and that it stays small."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from schemas.events import TicketIssued
from services.edge.clock import SystemClock
from services.edge.device import Device
from services.edge.outbox import Outbox
from tests.conftest import free_ports
from tests.events import message, ticket
from tests.otlp_receiver import receiving
from tests.watched import numbers, resident_mb

PERSON = ("Dupont", "0612345678", "dupont-0612345678", "Camille")


def test_what_became_of_messages_is_counted_and_nobody_is_named(
    pipeline: Any, eventually: Any
) -> None:
    with psycopg.connect(pipeline.database.owner) as owner:
        # As a defect would: the server's words quote the row.
        owner.execute(
            "ALTER TABLE visit_event ADD CHECK (body ->> 'number' NOT IN ('T007', 'T008'))"
        )
    first = ticket()
    pipeline.publish(
        [
            message(first),
            message(first),
            message(ticket(number="A003")),
            message(ticket(visitor_name="Camille Dupont", phone="0612345678")),
            message({"Camille Dupont": "0612345678"}),
            message(b'{"nom": "Camille Dupont", "tel": "0612345678"'),
            message(ticket(queue="dupont-0612345678")),
            message(ticket(number="T007", visit_id=str(uuid4()), queue="acc-titres")),
            message(first | {"number": "A777"}),
        ]
    )
    (port,) = free_ports(1)
    worker = pipeline.worker(PASSAGE_PROCESSOR_PORT=str(port), PASSAGE_LOG_LEVEL="debug")
    eventually(pipeline.drained)
    found = eventually(lambda: (n := numbers(port)).get(("passage_processor_ready",)) and n)
    counted = {key[0].removeprefix("passage_processor_"): v for key, v in found.items()}
    assert (counted["events_total"], counted["duplicates_total"]) == (2, 1)
    refused = {key[1]: n for key, n in found.items() if key[0].endswith("dead_letters_total")}
    assert refused == {
        "identity_field": 1,
        "unknown_type": 1,
        "not_json": 1,
        "unknown_queue": 1,
        "unprocessable": 1,
        "conflict": 1,
    }
    assert counted["batch_messages_sum"] >= 9
    assert counted["delay_seconds_count"] >= 9
    # Tickets of an hour ago; who has no event has no age.
    assert 3600 < counted["event_age_seconds_sum"] < 9 * 3700
    assert counted["registry_revision"] == pipeline.database.value(
        "SELECT max(revision) FROM registry_revision"
    )

    worker.stop()
    lines = worker.log.read_text()
    assert [person for person in PERSON if person in lines] == []
    (failed,) = [one for one in map(json.loads, lines.splitlines()) if "exception" in one]
    assert failed["message"] == "event cannot be processed"
    assert failed["exception"].endswith("CheckViolation (23514)")
    assert isinstance(failed["offset"], int)


def test_one_trace_goes_from_the_kiosk_to_the_row(
    pipeline: Any, tmp_path: Path, eventually: Any
) -> None:
    outbox = Outbox(tmp_path / "outbox.db", min_free_bytes=0)
    device = Device("acc-borne-1", "creteil-accueil", outbox, SystemClock(outbox.id))
    ticket_fields = device.ticket_fields("acc-titres", "A001")
    event = device.emit(
        TicketIssued,
        **ticket_fields,
        queue="acc-titres",
        number="A001",
        directorate="dcl",
        service="titres",
    )
    outbox.close()
    with receiving() as receiver:
        edge = {
            **os.environ,
            **{name: value for name, value in pipeline.environ.items() if "DATABASE" not in name},
            "PASSAGE_DEVICE": "acc-borne-1",
            "PASSAGE_SITE": "creteil-accueil",
            "PASSAGE_OUTBOX": str(outbox.path),
            "PASSAGE_OUTBOX_MIN_FREE_MB": "0",
            "PASSAGE_TRACES": receiver.url,
        }
        command = [sys.executable, "-m", "services.edge", "deliver", "--timeout", "60"]
        ended = subprocess.run(command, env=edge, check=False, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stderr
        worker = pipeline.worker(PASSAGE_TRACES=receiver.url)
        eventually(lambda: receiver.named("record event") and receiver.named("publish"))
        worker.stop()
        (happened,) = receiver.named("ticket_issued")
        of_it = {s.name: s for s in receiver.spans if s.trace_id == happened.trace_id}
    assert set(of_it) == {
        "ticket_issued",
        "deliver",
        "record batch",
        "record event",
        "database transaction",
    }
    assert happened.attributes["passage.event_id"] == str(event.event_id)
    assert of_it["deliver"].parent_id == happened.span_id
    assert of_it["record batch"].links == (of_it["deliver"].span_id,)
    assert of_it["record event"].parent_id == of_it["deliver"].span_id
    assert of_it["record event"].links == (of_it["record batch"].span_id,)
    assert of_it["database transaction"].parent_id == of_it["record batch"].span_id
    assert {s.service for s in of_it.values()} == {"passage-edge", "passage-processor"}
    assert pipeline.database.value("SELECT count(*) FROM visit_event") == 1


BACKLOG_MB = 64
MOST_GROWTH_MB = 48


def test_while_the_database_is_locked_the_backlog_stays_in_kafka(
    pipeline: Any, eventually: Any
) -> None:
    worker = pipeline.worker()
    pipeline.publish([message(ticket())])
    eventually(pipeline.drained)
    pid = worker.process.pid
    quiet_mb = resident_mb(pid)
    seen_mb: list[float] = []

    def looked() -> bool:
        seen_mb.append(resident_mb(pid))
        return len(seen_mb) > 60

    with psycopg.connect(pipeline.database.owner) as owner:
        owner.execute("LOCK TABLE event_seen, dead_letter IN ACCESS EXCLUSIVE MODE")
        # No events, and each nearly as large as one may be: what is read ahead would show.
        large = json.dumps({"type": "x" * 15_000}).encode()
        backlog = [("visit-events", str(n).encode(), large) for n in range(BACKLOG_MB * 64)]
        pipeline.publish(backlog)
        eventually(looked)
        behind = pipeline.lag()
    assert behind > len(backlog) * 0.95
    # And goes on, a batch at a time.
    eventually(lambda: looked() and pipeline.lag() < behind)
    assert max(seen_mb) - quiet_mb < MOST_GROWTH_MB
