"""The command as a technician runs it, against a pipeline of the test's own."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner, Result

from services.deadletters.__main__ import dead_letters
from tests.events import message, ticket
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


@pytest.fixture(name="ticket")
def ticket_fixture() -> Callable[..., dict[str, Any]]:
    """The function `ticket`."""
    return ticket


@pytest.fixture(name="message")
def message_fixture() -> Callable[..., tuple[str, bytes, bytes]]:
    """The function `message`."""
    return message
