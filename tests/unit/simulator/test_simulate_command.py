"""`passage simulate` as a person meets it, up to the broker."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from services.simulator.__main__ import simulate


def _run(*arguments: str, **environ: str) -> Result:
    cleared: dict[str, str | None] = {"PASSAGE_KAFKA": None, "PASSAGE_TOPIC_PREFIX": None}
    return CliRunner().invoke(simulate, list(arguments), env={**cleared, **environ})


def test_a_dry_run_prints_hours_and_writes_the_truth(tmp_path: Path) -> None:
    file = tmp_path / "truth.json"
    result = _run("--dry-run", "--date", "2026-11-16", "--scale", "0.2", "--truth", str(file))
    assert result.exit_code == 0, result.output
    truth = json.loads(file.read_text())
    lines = result.stdout.splitlines()
    assert lines[0] == "2026-11-16, 1 day, seed 94, scale 0.2"
    assert lines[2].split() == ["hour", "dcl", "dmi", "sgcd", "ddets", "ddpp", "total"]
    assert int(lines[-1].split()[-1].replace(",", "")) == truth["visits"]


def test_without_a_date_the_last_open_day_is_taken() -> None:
    result = _run("--dry-run", "--scale", "0.05")
    assert result.exit_code == 0, result.output
    assert not result.stdout.splitlines()[1].startswith("0 visits")


def test_a_future_day_is_not_played() -> None:
    result = _run("--date", "2099-11-16", "--scale", "0.05", PASSAGE_KAFKA="localhost:1")
    assert result.exit_code == 2
    assert "not over yet" in result.stderr


def test_a_closed_day_is_not_played() -> None:
    result = _run("--date", "2026-11-15", PASSAGE_KAFKA="localhost:1")
    assert result.exit_code == 2
    assert "closed" in result.stderr


def test_a_setting_that_is_wrong_is_named() -> None:
    result = _run("--date", "2026-11-16", "--scale", "0.05", PASSAGE_KAFKA="localhost")
    assert result.exit_code == 1
    assert "PASSAGE_KAFKA is wrong" in result.stderr


def test_a_file_that_is_no_registry_is_explained(tmp_path: Path) -> None:
    file = tmp_path / "registry.yaml"
    file.write_text("sites: 3\n")
    result = _run("--dry-run", "--registry", str(file))
    assert result.exit_code == 1
    assert "is not a registry" in result.stderr
    assert "Remedy" in result.stderr


@pytest.mark.parametrize("wrong", ["--scale=0", "--days=0", "--speed=0", "--date=tomorrow"])
def test_a_wrong_option_is_a_wrong_use(wrong: str) -> None:
    assert _run("--dry-run", wrong).exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["--live", "--date=2026-11-16"],
        ["--live", "--speed=60"],
        ["--live", "--truth=truth.json"],
        ["--live", "--dry-run"],
        ["--live", "--unplug=etr-borne-9"],
        ["--unplug=etr-borne-1"],
    ],
    ids=" ".join,
)
def test_today_has_neither_date_nor_speed_nor_end(arguments: list[str]) -> None:
    result = _run(*arguments, PASSAGE_KAFKA="localhost:1")
    assert result.exit_code == 2
    assert "--live" in result.stderr or "no such device" in result.stderr


def test_the_help_names_the_settings() -> None:
    result = _run("--help")
    assert result.exit_code == 0
    assert "PASSAGE_KAFKA" in result.stdout
    assert "Exit codes" in result.stdout
    assert "simulate --live --days 30" in result.stdout
