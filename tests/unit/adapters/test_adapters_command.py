"""`passage adapters` as a technician uses it, without anything running."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from schemas.codec import InvalidEvent, decode
from services.adapters.__main__ import adapters

PROJECT = Path(__file__).parents[3]
QMINDER = PROJECT / "deploy" / "adapters" / "qminder"
EXPORT = PROJECT / "deploy" / "adapters" / "csv-export"
REGISTRY = PROJECT / "deploy" / "registry.yaml"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(adapters, [str(argument) for argument in arguments])


def test_check_shows_what_becomes_of_samples() -> None:
    called = QMINDER / "samples" / "ticket_called.json"
    changed = QMINDER / "samples" / "line_changed.json"
    result = run("check", QMINDER / "mapping.yaml", called, changed, "--registry", REGISTRY)
    assert result.exit_code == 0
    assert "called          2026-11-16 08:24:03 UTC  source=etr-borne-2" in result.stdout
    assert "desk=etr-g02" in result.stdout
    assert "nothing that counts" in result.stdout
    assert "Aïssatou" not in result.output


def test_check_prints_events_for_programs() -> None:
    sample = EXPORT / "samples" / "tickets-2026-11-16.csv"
    result = run("check", EXPORT / "mapping.yaml", sample, "--json")
    lines = result.stdout.splitlines()
    assert len(lines) == 12
    assert not any(isinstance(decode(line.encode()), InvalidEvent) for line in lines)


def test_check_says_what_is_refused(tmp_path: Path) -> None:
    payload = json.loads((QMINDER / "samples" / "ticket_called.json").read_bytes())
    payload["data"]["line"] = 99
    sample = tmp_path / "called.json"
    sample.write_text(json.dumps(payload))
    result = run("check", QMINDER / "mapping.yaml", sample)
    assert result.exit_code == 1
    assert "! called: tables.lines: its value is not in the table; add it, or null" in result.stdout
    assert "Error: 1 refused" in result.stderr
    assert "Aïssatou" not in result.output


def test_check_says_what_the_registry_does_not_know(tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.yaml"
    text = (QMINDER / "mapping.yaml").read_text()
    mapping.write_text(text.replace("source: etr-borne-2", "source: etr-qminder"))
    sample = QMINDER / "samples" / "ticket_called.json"
    result = run("check", mapping, sample, "--registry", REGISTRY)
    assert result.exit_code == 1
    assert "! called: unknown_device: source: no device 'etr-qminder'" in result.stdout


def test_a_wrong_mapping_is_a_wrong_use(tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("name: Qminder\nevents: []\n")
    result = run("check", mapping)
    assert result.exit_code == 2
    assert f"{mapping}:1: name is no code" in result.stderr


def test_pull_tries_out_what_lies_there() -> None:
    result = run("pull", EXPORT / "mapping.yaml", "--dry-run")
    assert result.exit_code == 0
    assert "       5 ticket_issued" in result.stdout
    assert "Nothing was sent." in result.stdout


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("location: samples", "location: nowhere", "Remedy: correct `csv.location`"),
        ("Pris à]", "Heure]", "has no column 'Heure'. Remedy: correct the mapping"),
    ],
)
def test_pull_says_what_it_cannot_read(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    text = (EXPORT / "mapping.yaml").read_text()
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(
        text.replace("samples", str(EXPORT / "samples")).replace(
            old.replace("samples", str(EXPORT / "samples")), new
        )
    )
    result = run("pull", mapping, "--dry-run")
    assert result.exit_code == 1
    assert sentence in result.stderr


def test_a_system_of_webhooks_has_nothing_to_pull() -> None:
    result = run("pull", QMINDER / "mapping.yaml")
    assert result.exit_code == 2
    assert "its system sends webhooks" in result.stderr
