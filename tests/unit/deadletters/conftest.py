"""A dead letter as the store gives it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from services.deadletters.letters import Letter

BODY = {"type": "ticket_issued", "visit_id": "v-1", "source": "acc-borne-1", "number": "A001"}


def make_letter(**changes: Any) -> Letter:
    """A ticket for a directorate that the registry did not have, with changes."""
    fields: dict[str, Any] = {
        "topic": "visit-events",
        "partition": 3,
        "offset": 17,
        "received_at": datetime(2026, 11, 24, 8, 12, 5, 120_000, tzinfo=UTC),
        "reason": "unknown_directorate",
        "field": "directorate",
        "detail": "no directorate 'dxx' in force on 2026-11-24",
        "event_id": "0193b9a0-0000-7000-8000-000000000009",
        "site": "creteil-accueil",
        "source": "acc-borne-1",
        "bytes": 7,
        "sha256": hashlib.sha256(b"verbatim").hexdigest(),
        "body": BODY,
        "replayable": True,
        "replayed_at": None,
    }
    return Letter(**fields | changes)


@pytest.fixture(name="letter")
def letter_fixture() -> Callable[..., Letter]:
    """The function `make_letter`."""
    return make_letter
