"""`passage dead-letters` explains itself, and ends with the exit code that it promises."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import pytest
from click.testing import CliRunner

from schemas.reasons import Reason
from services.deadletters.__main__ import dead_letters
from services.deadletters.errors import InvalidId
from services.deadletters.letters import LetterId
from services.deadletters.parameters import since_when

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No local stack and no setting of the machine is seen."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_WRITER", "KAFKA", "TOPIC_PREFIX", "TIME_ZONE"):
        monkeypatch.delenv(f"PASSAGE_{name}", raising=False)


@pytest.mark.parametrize("command", ["reasons", "list", "show", "replay"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    result = CliRunner().invoke(dead_letters, [command, "--help"])
    assert result.exit_code == 0
    assert f"passage dead-letters {command}" in result.output


def test_help_names_settings_and_exit_codes() -> None:
    output = CliRunner().invoke(dead_letters, ["--help"]).output
    for name in ("PASSAGE_DATABASE_WRITER", "PASSAGE_KAFKA", "PASSAGE_TOPIC_PREFIX", "Ends with"):
        assert name in output


def test_reasons_are_completed() -> None:
    option = next(p for p in dead_letters.commands["replay"].params if p.name == "reasons")
    assert isinstance(option.type, click.Choice)
    found = option.type.shell_complete(click.Context(dead_letters), option, "unknown_d")
    assert [item.value for item in found] == [
        Reason.UNKNOWN_DIRECTORATE,
        Reason.UNKNOWN_DESK,
        Reason.UNKNOWN_DEVICE,
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "visit-events/3"],
        ["show", "visit-events/x/1"],
        ["list", "--reason", "bad_mood"],
        ["list", "--limit", "-1"],
        ["list", "--format", "xml"],
        ["reasons"],
        ["replay", "visit-events/0/0"],
    ],
)
def test_wrong_use_and_missing_settings_end_with_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(dead_letters, arguments).exit_code == 2


def test_a_missing_setting_is_named() -> None:
    assert "PASSAGE_DATABASE_WRITER is not set" in CliRunner().invoke(dead_letters, ["list"]).output


def test_an_absent_database_ends_with_1_and_no_password() -> None:
    url = "postgresql://passage_writer:secret@127.0.0.1:1/passage"
    result = CliRunner(env={"PASSAGE_DATABASE_WRITER": url}).invoke(dead_letters, ["list"])
    assert result.exit_code == 1
    assert "passage_writer@127.0.0.1:1/passage" in result.output
    assert "secret" not in result.output


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("30m", "2026-11-24T11:30:00+00:00"),
        ("2h", "2026-11-24T10:00:00+00:00"),
        ("3d", "2026-11-21T12:00:00+00:00"),
        ("2026-11-24", "2026-11-23T23:00:00+00:00"),
        ("2026-07-01T09:30", "2026-07-01T07:30:00+00:00"),
        ("2026-07-01T09:30Z", "2026-07-01T09:30:00+00:00"),
    ],
)
def test_since_is_on_the_clock_of_the_zone(text: str, at: str) -> None:
    assert since_when(text, NOW, PARIS) == datetime.fromisoformat(at)


@pytest.mark.parametrize("text", ["yesterday", "", "99999d99", "24/11/2026", "0001-01-01", "-2h"])
def test_since_says_what_it_expects(text: str) -> None:
    with pytest.raises(click.BadParameter, match="expected 30m"):
        since_when(text, NOW, PARIS)


def test_an_identity_is_read_as_it_is_written() -> None:
    assert str(LetterId.parse("t.visit-events/3/17")) == "t.visit-events/3/17"


@pytest.mark.parametrize(
    "text",
    ["", "visit-events", "/1/2", "a/-1/2", "a/1/٣", "a/1/2/3", f"a/1/{2**63}", f"a/{2**31}/1"],
)
def test_anything_else_is_no_identity(text: str) -> None:
    with pytest.raises(InvalidId, match="topic/partition/offset"):
        LetterId.parse(text)
