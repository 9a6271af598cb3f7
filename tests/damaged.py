"""Messages as nobody meant them: valid events, changed at random from a seed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.events import ticket

EXAMPLES = Path(__file__).parent.parent / "schemas" / "examples"
ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 1, 2**31, 2**63 - 1, 2**64, 10**40, 0.5, 1e308, -1e-308),
    *("", "0", "\x00", "\ud800", "😀" * 50, "a" * 5000, "'; DROP TABLE visit; --", "{{7*7}}"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-03-29T02:30:00+01:00"),
    *([], {}, [[[[]]]], {"a": {"b": {}}}, [None] * 50),
)
CODES = ("creteil-accueil", "acc-borne-1", "acc-titres", "dcl", "dmi", "titres", "sejour", "nobody")


def messages(seed: int, count: int) -> Iterator[bytes]:
    """So many messages; the same seed gives the same, but for the day of the test."""
    rng = random.Random(seed)
    sound = [_read(file) for file in sorted(EXAMPLES.glob("*.v1/*.pass.json"))]
    events = [one for one in sound if "event_id" in one]
    for _ in range(count):
        body = dict(rng.choice([ticket(), *events]))
        body["event_id"] = str(UUID(int=rng.getrandbits(128), version=4))
        yield rng.choice((_otherwise_filled, _elsewhere, _broken, _noise))(rng, body)


def _read(file: Path) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(file.read_bytes())
    return body


def _otherwise_filled(rng: random.Random, body: dict[str, Any]) -> bytes:
    for _ in range(rng.randint(1, 3)):
        body[rng.choice([*body, "other", "visitor_name"])] = rng.choice(ODD)
    if rng.random() < 0.3:
        body.pop(rng.choice(list(body)))
    return json.dumps(body).encode()


def _elsewhere(rng: random.Random, body: dict[str, Any]) -> bytes:
    """Valid by its form, and of any time and place."""
    days = rng.choice([0, 0, 1, 30, 59, 61, 10_000, 700_000])
    at = datetime.now(UTC) - timedelta(days=days, seconds=rng.randint(-90_000, 90_000))
    body["occurred_at"] = at.isoformat()
    for field in ("site", "source", "queue", "directorate", "service", "desk"):
        if field in body and rng.random() < 0.15:
            body[field] = rng.choice(CODES)
    body["seq"], body["monotonic_ms"] = rng.getrandbits(40) + 1, rng.getrandbits(40)
    body["visit_id"] = str(UUID(int=rng.randint(1, 50), version=4))
    return json.dumps(body).encode()


def _broken(rng: random.Random, body: dict[str, Any]) -> bytes:
    whole = bytearray(json.dumps(body).encode())
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(whole))
        whole[start : start + rng.randint(0, 6)] = rng.randbytes(rng.randint(0, 6))
    return bytes(whole)


def _noise(rng: random.Random, body: dict[str, Any]) -> bytes:
    return rng.choice(
        [
            rng.randbytes(rng.randint(1, 300)),
            b"[" * rng.randint(1, 16_000),
            b'{"a":' * rng.randint(1, 3_000),
            b"9" * rng.randint(1, 16_000),
            json.dumps([body] * rng.randint(0, 20)).encode(),
        ]
    )
