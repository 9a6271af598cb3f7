"""A bucket is provisional until all devices have reported past it; a later change is logged."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from schemas.registry import Registry

SITE = "creteil-accueil"
# Far enough back that all of it is the past, whatever the hour of the test.
BUCKET = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=21)


class Hall:
    """The devices of a site, each with its own boot and its own numbers."""

    def __init__(self, registry: Registry) -> None:
        self.devices = [d.code for d in registry.devices if d.site == SITE]
        self._boots = {device: str(uuid4()) for device in self.devices}
        self._seqs = dict.fromkeys(self.devices, 0)

    def event(self, device: str, at: datetime, **fields: Any) -> dict[str, Any]:
        self._seqs[device] += 1
        return {
            "event_id": str(uuid4()),
            "version": 1,
            "source": device,
            "boot_id": self._boots[device],
            "seq": self._seqs[device],
            "monotonic_ms": int((at - BUCKET).total_seconds() * 1000) + 86_400_000,
            "occurred_at": at.isoformat(),
            "clock": {"synced": True},
            "site": SITE,
        } | fields

    def ticket(self, at: datetime, number: int, **fields: Any) -> dict[str, Any]:
        return self.event(
            "acc-borne-1",
            at,
            type="ticket_issued",
            visit_id=str(uuid4()),
            queue="acc-titres",
            number=f"T{number:03}",
            directorate="dcl",
            service="titres",
            **fields,
        )

    def heartbeats(self, at: datetime) -> list[dict[str, Any]]:
        return [self.event(d, at, type="heartbeat", covers_s=60) for d in self.devices]


@pytest.fixture
def hall(registry: Registry) -> Hall:
    return Hall(registry)


def publish(pipeline: Any, events: list[dict[str, Any]]) -> None:
    pipeline.publish(
        [
            (
                "heartbeats" if event["type"] == "heartbeat" else "visit-events",
                str(event.get("visit_id", event["source"])).encode(),
                json.dumps(event).encode(),
            )
            for event in events
        ]
    )


def is_final(pipeline: Any) -> bool:
    return bool(pipeline.database.value("SELECT bucket_is_final(%(s)s, %(b)s)", s=SITE, b=BUCKET))


def test_a_bucket_is_final_once_every_device_has_reported_past_it(
    pipeline: Any, hall: Hall, eventually: Any
) -> None:
    pipeline.worker()
    *most, last = hall.heartbeats(BUCKET + timedelta(minutes=20))
    publish(pipeline, [hall.ticket(BUCKET, 1), *most])
    eventually(pipeline.drained)
    assert not is_final(pipeline)

    publish(pipeline, [last])
    eventually(pipeline.drained)
    assert is_final(pipeline)
    assert pipeline.database.value("SELECT count(*) FROM restatement") == 0


def test_a_missing_number_keeps_the_bucket_provisional_until_it_comes(
    pipeline: Any, hall: Hall, eventually: Any
) -> None:
    pipeline.worker()
    lost = hall.ticket(BUCKET, 1)
    publish(pipeline, hall.heartbeats(BUCKET + timedelta(minutes=20)))
    eventually(pipeline.drained)
    assert not is_final(pipeline)

    publish(pipeline, [lost])
    eventually(pipeline.drained)
    assert is_final(pipeline)
    assert pipeline.database.value("SELECT count(*) FROM restatement") == 0


def test_a_later_change_of_a_final_bucket_is_logged_with_its_cause_and_size(
    pipeline: Any, hall: Hall, eventually: Any
) -> None:
    pipeline.worker()
    first, second = hall.ticket(BUCKET, 1), hall.ticket(BUCKET + timedelta(minutes=1), 2)
    publish(pipeline, [first, second, *hall.heartbeats(BUCKET + timedelta(minutes=20))])
    eventually(pipeline.drained)

    later = BUCKET + timedelta(hours=1)
    called = hall.event("acc-borne-1", later, type="called", visit_id=first["visit_id"])
    taken_back = hall.event(
        "acc-borne-1",
        later,
        type="correction",
        visit_id=second["visit_id"],
        corrects=second["event_id"],
    )
    publish(pipeline, [called, taken_back])
    eventually(pipeline.drained)
    assert pipeline.database.rows(
        "SELECT cause, changes ->> 'passages', changes ->> 'waits' FROM restatement ORDER BY cause"
    ) == [("correction", "-1", None), ("late_event", None, "1")]
    assert pipeline.database.value("SELECT sum(passages) FROM footfall") == 1
