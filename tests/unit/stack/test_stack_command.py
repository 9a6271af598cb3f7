"""`passage stack` explains itself, and ends with the exit code that it promises."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from services.stack.__main__ import stack


@pytest.mark.parametrize("command", ["up", "down", "status", "clean"])
def test_every_command_has_help(command: str) -> None:
    result = CliRunner().invoke(stack, [command, "--help"])
    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 3


def test_help_names_the_settings() -> None:
    output = CliRunner().invoke(stack, ["--help"]).output
    for setting in ("PASSAGE_HOME", "PASSAGE_KAFKA_PORT", "PASSAGE_POSTGRES_PORT"):
        assert setting in output


def test_an_unknown_command_is_a_usage_error() -> None:
    assert CliRunner().invoke(stack, ["restart"]).exit_code == 2


def test_a_wrong_setting_is_named_and_ends_with_1() -> None:
    result = CliRunner(env={"PASSAGE_KAFKA_PORT": "many"}).invoke(stack, ["status"])
    assert result.exit_code == 1
    assert "PASSAGE_KAFKA_PORT" in result.output


def test_status_of_a_stack_that_never_was_makes_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    result = CliRunner(env={"PASSAGE_HOME": str(home)}).invoke(stack, ["status"])
    assert result.exit_code == 0
    assert result.output.count("stopped") == 2
    assert not home.exists()


@pytest.mark.parametrize("command", ["down", "clean"])
def test_ending_a_stack_that_never_was_is_no_error(tmp_path: Path, command: str) -> None:
    home = tmp_path / "home"
    result = CliRunner(env={"PASSAGE_HOME": str(home)}).invoke(stack, [command])
    assert result.exit_code == 0
    assert not home.exists()
