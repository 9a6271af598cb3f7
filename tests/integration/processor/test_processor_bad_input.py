"""Whatever arrives is counted right or is a dead letter with a reason; nothing stops the flow."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from kafka import KafkaConsumer

from tests.events import message, ticket

CODECS = (None, "gzip", "snappy", "lz4", "zstd")


BAD = [
    ("empty_body", None, None),
    ("empty_body", b"", None),
    ("not_json", b"{", None),
    ("not_json", b"\xff\xfe\x00", None),
    ("not_json", b"[1, 2]", None),
    ("too_large", b'{"type":"' + b"x" * 500_000 + b'"}', None),
    ("unknown_type", ticket(type="ticket_eaten"), "type"),
    ("unknown_version", ticket(version=2), "version"),
    ("unknown_version", ticket(version="1"), "version"),
    ("identity_field", ticket(visitor_name="Camille Dupont"), "visitor_name"),
    ("identity_field", ticket(visitor={"téléphone": "0612345678"}), "visitor.téléphone"),
    ("invalid_field", ticket(seq="one"), "seq"),
    ("invalid_field", ticket(number=17), "number"),
    ("invalid_field", ticket(occurred_at="2026-11-24T09:00:00"), "occurred_at"),
    ("invalid_field", ticket(occurred_at="0001-01-01T00:00:00+14:00"), "occurred_at"),
    ("invalid_field", ticket(visit_id="not-a-uuid"), "visit_id"),
    ("invalid_field", ticket(visit_id="\x00"), "visit_id"),
    ("invalid_field", ticket(site="Créteil"), "site"),
    ("unknown_site", ticket(site="atlantis"), "site"),
    ("unknown_directorate", ticket(directorate="dxx"), "directorate"),
    ("unknown_service", ticket(service="dragons"), "service"),
    ("unknown_queue", ticket(queue="nowhere"), "queue"),
    ("unknown_device", ticket(source="kiosk-of-nobody"), "source"),
    ("mismatch", ticket(directorate="dmi"), "directorate"),
    ("too_old", ticket(occurred_at="2019-05-06T08:00:00Z"), "occurred_at"),
]


def test_each_bad_message_is_a_dead_letter_with_its_reason(pipeline: Any, eventually: Any) -> None:
    good = [ticket(number=f"A{n:03}", seq=n + 2) for n in range(10)]
    mixed = [message(good[0])]
    for i, (_, value, _) in enumerate(BAD):
        mixed += [message(value), message(good[i % 10])]
    pipeline.publish(mixed)
    pipeline.worker()
    eventually(pipeline.drained)

    rows = pipeline.database.rows("SELECT reason, field FROM dead_letter")
    assert sorted(rows, key=str) == sorted(((r, f) for r, _, f in BAD), key=str)
    assert pipeline.database.value("SELECT sum(passages) FROM footfall") == 10
    published = read_all(pipeline, "visit-events.dead-letter", len(BAD))
    assert sorted(letter["reason"] for letter in published) == sorted(r for r, _, _ in BAD)


def test_no_identity_is_kept_anywhere(pipeline: Any, eventually: Any) -> None:
    secret = "Camille Dupont 0612345678"
    pipeline.publish(
        [
            message(ticket(visitor_name=secret)),
            message(ticket(service=secret)),
            message(ticket(note=secret, site="atlantis")),
            message(f'{{"nom": "{secret}"'.encode()),
        ]
    )
    worker = pipeline.worker()
    eventually(pipeline.drained)
    assert pipeline.database.value("SELECT count(*) FROM dead_letter") == 4
    dump = str(pipeline.database.rows("SELECT * FROM dead_letter"))
    dump += str(read_all(pipeline, "visit-events.dead-letter", 4)) + worker.log.read_text()
    assert "Dupont" not in dump
    assert "0612345678" not in dump


@pytest.mark.parametrize(
    "far", ["1970-01-01T00:10:00Z", "2000-01-01T00:00:10Z", "2031-01-01T09:00:00Z"]
)
def test_a_lying_clock_is_counted_apart_until_it_is_known(
    pipeline: Any, eventually: Any, far: str
) -> None:
    boot = str(uuid4())
    lying = ticket(
        occurred_at=far, boot_id=boot, clock={"synced": False}, monotonic_ms=60_000, seq=1
    )
    pipeline.publish([message(lying)])
    pipeline.worker()
    eventually(pipeline.drained)
    assert pipeline.database.rows("SELECT sum(passages), sum(time_uncertain) FROM footfall") == [
        (0, 1)
    ]

    # Ten minutes later, by its own count, the device has the true time.
    synced = ticket(boot_id=boot, monotonic_ms=660_000, seq=2, number="A002")
    pipeline.publish([message(synced)])
    eventually(pipeline.drained)
    true_time = datetime.fromisoformat(synced["occurred_at"]) - timedelta(minutes=10)
    assert pipeline.database.rows(
        "SELECT corrected_at, correction_method FROM visit_event WHERE event_id = %(id)s",
        id=lying["event_id"],
    ) == [(true_time, "boot_anchor")]
    assert pipeline.database.rows("SELECT sum(passages), sum(time_uncertain) FROM footfall") == [
        (2, 0)
    ]


def test_the_same_id_with_other_content_is_a_conflict_and_the_first_wins(
    pipeline: Any, eventually: Any
) -> None:
    first = ticket(number="A001")
    pipeline.worker()
    pipeline.publish([message(first), message(first), message(first | {"number": "A002"})])
    eventually(pipeline.drained)
    assert pipeline.database.rows("SELECT reason, field FROM dead_letter") == [
        ("conflict", "event_id")
    ]
    assert pipeline.database.value("SELECT body ->> 'number' FROM visit_event") == "A001"
    assert pipeline.database.value("SELECT sum(passages) FROM footfall") == 1


def test_an_event_that_the_database_chokes_on_is_taken_out_alone(
    pipeline: Any, eventually: Any
) -> None:
    with psycopg.connect(pipeline.database.owner) as owner:
        owner.execute(
            "CREATE FUNCTION choke() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " IF NEW.body ->> 'number' = 'T007' THEN"
            "  RAISE EXCEPTION 'no' USING ERRCODE = 'data_exception';"
            " END IF; RETURN NEW; END $$"
        )
        owner.execute(
            "CREATE TRIGGER choke BEFORE INSERT ON visit_event"
            " FOR EACH ROW EXECUTE FUNCTION choke()"
        )
    pipeline.publish([message(ticket(number=f"T{n:03}", seq=n + 1)) for n in range(20)])
    pipeline.worker()
    eventually(pipeline.drained)
    assert pipeline.database.rows("SELECT reason, body ->> 'number' FROM dead_letter") == [
        ("unprocessable", "T007")
    ]
    assert pipeline.database.value("SELECT sum(passages) FROM footfall") == 19


def test_every_compression_that_kafka_has_is_read(pipeline: Any, eventually: Any) -> None:
    pipeline.worker()
    for i, codec in enumerate(CODECS):
        pipeline.publish([message(ticket(number=f"A{i:03}", seq=i + 1))], compression=codec)
    eventually(pipeline.drained)
    assert pipeline.database.value("SELECT sum(passages) FROM footfall") == len(CODECS)


def read_all(pipeline: Any, topic: str, count: int) -> list[dict[str, Any]]:
    consumer = KafkaConsumer(
        pipeline.prefix + topic,
        bootstrap_servers=pipeline.kafka,
        auto_offset_reset="earliest",
        consumer_timeout_ms=10_000,
    )
    letters = []
    for record in consumer:
        letters.append(json.loads(record.value))
        if len(letters) == count:
            break
    consumer.close()
    return letters
