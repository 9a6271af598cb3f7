"""The command as a technician runs it, against a pipeline of the test's own."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from services.deadletters.__main__ import dead_letters
from tests.pipeline import Pipeline

Run = Callable[..., Result]
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def run(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `passage dead-letters` and holds it to its exit code."""
    for name in [name for name in os.environ if name.startswith("PASSAGE_")]:
        monkeypatch.delenv(name)

    def invoke(*arguments: str, ends_with: int = 0, **environ: str) -> Result:
        result = CliRunner().invoke(dead_letters, arguments, env={**pipeline.environ, **environ})
        assert result.exit_code == ends_with, result.output
        return result

    return invoke


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


def message(value: Any) -> tuple[str, bytes, bytes]:
    """An event on its way to `visit-events`."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return "visit-events", b"key", body


@pytest.fixture(name="ticket")
def ticket_fixture() -> Callable[..., dict[str, Any]]:
    """The function `ticket`."""
    return ticket


@pytest.fixture(name="message")
def message_fixture() -> Callable[..., tuple[str, bytes, bytes]]:
    """The function `message`."""
    return message
