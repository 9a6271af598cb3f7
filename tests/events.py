"""Events as a kiosk would send them, one field changed at a time."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

NOW = datetime.now(UTC).replace(microsecond=0)


def last_monday() -> date:
    """The Monday of last week: all of it is past, whatever the day of the test."""
    return NOW.date() - timedelta(days=NOW.weekday() + 7)


def ticket(**changes: Any) -> dict[str, Any]:
    """A valid ticket of the shipped prefecture, taken an hour ago, with changes."""
    return {
        "event_id": str(uuid4()),
        "type": "ticket_issued",
        "version": 1,
        "source": "acc-borne-1",
        "boot_id": "0193b9a0-0000-7000-8000-000000000001",
        "seq": 1,
        "monotonic_ms": 1000,
        "occurred_at": (NOW - timedelta(hours=1)).isoformat(),
        "clock": {"synced": True},
        "site": "creteil-accueil",
        "visit_id": str(uuid4()),
        "queue": "acc-titres",
        "number": "A001",
        "directorate": "dcl",
        "service": "titres",
    } | changes


def message(value: Any, topic: str = "visit-events") -> tuple[str, bytes, bytes | None]:
    """An event, or any bytes, on the way to a topic."""
    body = value if isinstance(value, bytes | None) else json.dumps(value).encode()
    return topic, b"key", body
