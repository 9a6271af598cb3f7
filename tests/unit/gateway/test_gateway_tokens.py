"""Who may send what, and for how long."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pydantic import ValidationError

from schemas.codec import decode
from services.gateway.__main__ import gateway
from services.gateway.scope import EVENT_TYPES, Scope
from services.gateway.tokens import TokenFile
from services.runtime.key_file import KeyFileError
from tests.events import ticket

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def tokens(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "gateway" / "tokens.json")


def created(tokens: TokenFile, name: str = "vendor") -> str:
    return tokens.create(name, "creteil-accueil", ["acc-borne-1"], ["ticket_issued"], NOW)


def test_a_token_is_known_by_what_was_shown_once_and_kept_as_a_digest(tokens: TokenFile) -> None:
    shown = created(tokens)
    found = tokens.find(shown, NOW)
    assert found is not None
    assert found.scope == Scope(
        "creteil-accueil", frozenset({"acc-borne-1"}), frozenset({"ticket_issued"})
    )
    assert shown not in tokens.path.read_text()
    assert tokens.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("presented", ["", "psgw_", "psgw_wrong", "vendor"])
def test_what_is_no_token_is_not_found(tokens: TokenFile, presented: str) -> None:
    created(tokens)
    assert tokens.find(presented, NOW) is None


def test_a_rotated_token_is_valid_under_both_secrets_until_the_overlap_ends(
    tokens: TokenFile,
) -> None:
    old = created(tokens)
    running = TokenFile(tokens.path)
    assert running.find(old, NOW)
    new = tokens.rotate("vendor", NOW, HOUR)
    before, after = NOW + HOUR - timedelta(seconds=1), NOW + HOUR
    assert running.find(old, before) == running.find(new, before)
    assert running.find(old, before) is not None
    assert running.find(old, after) is None
    assert running.find(new, after) is not None


def test_a_second_rotation_does_not_prolong_the_first_secret(tokens: TokenFile) -> None:
    first = created(tokens)
    second = tokens.rotate("vendor", NOW, HOUR)
    third = tokens.rotate("vendor", NOW + HOUR / 2, 10 * HOUR)
    assert tokens.find(first, NOW + HOUR) is None
    assert tokens.find(second, NOW + HOUR) is not None
    assert tokens.find(third, NOW + 20 * HOUR) is not None
    tokens.rotate("vendor", NOW + 30 * HOUR, HOUR)
    assert len(tokens.read()[0].secrets) == 2


def test_a_rotation_without_overlap_ends_the_old_secret_at_once(tokens: TokenFile) -> None:
    old = created(tokens)
    tokens.rotate("vendor", NOW, timedelta())
    assert tokens.find(old, NOW) is None


def test_a_revoked_token_is_refused_under_every_secret_by_a_running_server(
    tokens: TokenFile,
) -> None:
    shown = [created(tokens), tokens.rotate("vendor", NOW, HOUR)]
    running = TokenFile(tokens.path)
    assert all(running.find(one, NOW) for one in shown)
    tokens.revoke("vendor", NOW)
    assert not any(running.find(one, NOW) for one in shown)
    # The name is free again.
    assert running.find(created(tokens), NOW)


def test_names_are_of_one_token_in_force(tokens: TokenFile) -> None:
    created(tokens)
    with pytest.raises(KeyFileError, match="rotate it"):
        created(tokens)
    for change in (lambda: tokens.rotate("x", NOW, HOUR), lambda: tokens.revoke("x", NOW)):
        with pytest.raises(KeyFileError, match="no token named x"):
            change()
    with pytest.raises(ValidationError):
        created(tokens, "Not A Name")


@pytest.mark.parametrize(
    ("changes", "forbidden"),
    [
        ({}, None),
        ({"site": "sp-lhay"}, "site"),
        ({"source": "acc-borne-2"}, "source"),
        ({"type": "left"}, "type"),
    ],
)
def test_a_token_speaks_for_its_site_its_devices_and_its_types(
    changes: dict[str, str], forbidden: str | None
) -> None:
    scope = Scope("creteil-accueil", frozenset({"acc-borne-1"}), frozenset({"ticket_issued"}))
    event = decode(_left() if "type" in changes else _json(ticket(**changes)))
    assert scope.forbidden_field(event) == forbidden


def _json(event: dict[str, object]) -> bytes:
    return json.dumps(event).encode()


def _left() -> bytes:
    gone = ("queue", "number", "directorate", "service")
    return _json({k: v for k, v in ticket(type="left").items() if k not in gone})


def test_every_type_of_event_may_be_named() -> None:
    assert {"ticket_issued", "heartbeat", "device_started", "correction"} <= EVENT_TYPES


@pytest.fixture
def run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> object:
    caplog.set_level(logging.DEBUG)

    def run(*arguments: str) -> Result:
        environ = {"PASSAGE_GATEWAY_TOKENS": str(tmp_path / "tokens.json")}
        return CliRunner().invoke(gateway, ["token", *arguments], env=environ)

    return run


def test_the_command_makes_rotates_lists_and_revokes(run, tmp_path: Path) -> None:
    of = ("--site", "creteil-accueil", "--source", "acc-borne-1", "--source", "acc-guichets")
    first = run("create", "vendor", *of, "--type", "called").output.strip()
    second = run("rotate", "vendor", "--overlap-hours", "2").output.strip()
    tokens = TokenFile(tmp_path / "tokens.json")
    now = datetime.now(UTC)
    assert tokens.find(first, now)
    assert tokens.find(second, now)
    listed = run("list").output
    assert "vendor: creteil-accueil: acc-borne-1, acc-guichets; called; since" in listed
    assert "an older one until" in listed
    assert first not in listed
    assert run("revoke", "vendor").output == "vendor is revoked\n"
    assert "revoked at" in run("list").output


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("create", "v", "--site", "s"), 2, "--source"),
        (("create", "v", "--site", "s", "--source", "k", "--type", "nap"), 2, "nap"),
        (("create", "v", "--site", "Créteil", "--source", "k"), 2, "wrong site"),
        (("rotate", "nobody"), 1, "no token named nobody"),
        (("revoke", "nobody"), 1, "no token named nobody"),
    ],
)
def test_a_mistake_is_named(run, arguments: tuple[str, ...], code: int, said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == code
    assert said in result.output
