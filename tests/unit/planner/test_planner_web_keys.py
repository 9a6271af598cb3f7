"""API keys and the rate at which one may ask."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from services.planner.web.keys import KeyFile
from services.runtime.key_file import KeyFileError
from services.runtime.rate import MOST_KNOWN, RateLimit

TODAY = date(2026, 11, 25)


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "secrets" / "keys.json")


def test_a_key_is_known_by_what_was_shown_once_and_kept_as_a_digest(keys: KeyFile) -> None:
    shown = keys.create("committee", ("sp-lhay",), TODAY)
    found = keys.find(shown)
    assert found is not None
    assert (found.name, found.sites) == ("committee", ("sp-lhay",))
    assert shown not in keys.path.read_text()
    assert keys.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("presented", ["", "psg_", "psg_wrong", "committee"])
def test_what_is_no_key_is_not_found(keys: KeyFile, presented: str) -> None:
    keys.create("committee", None, TODAY)
    assert keys.find(presented) is None


def test_a_revoked_key_is_refused_by_a_running_server(keys: KeyFile) -> None:
    shown = keys.create("committee", None, TODAY)
    running = KeyFile(keys.path)
    assert running.find(shown)
    keys.revoke("committee", TODAY)
    assert running.find(shown) is None
    # The name is free again.
    assert running.find(keys.create("committee", None, TODAY))


def test_two_keys_of_one_name_are_refused(keys: KeyFile) -> None:
    keys.create("committee", None, TODAY)
    with pytest.raises(KeyFileError, match="revoke it first"):
        keys.create("committee", None, TODAY)


def test_a_key_that_is_not_there_cannot_be_revoked(keys: KeyFile) -> None:
    with pytest.raises(KeyFileError, match="no key named"):
        keys.revoke("committee", TODAY)


def test_a_broken_file_lets_nobody_in(keys: KeyFile) -> None:
    shown = keys.create("committee", None, TODAY)
    keys.path.write_text("[{]")
    os.utime(keys.path, (0, 0))
    with pytest.raises(KeyFileError, match="no file of API keys"):
        keys.find(shown)


def test_asking_too_often_means_waiting() -> None:
    limit = RateLimit(per_minute=60)
    assert [limit.wait_s("a", 0.0) for _ in range(60)] == [0.0] * 60
    assert limit.wait_s("a", 0.0) == pytest.approx(1.0)
    assert limit.wait_s("b", 0.0) == 0.0
    assert limit.wait_s("a", 0.5) == pytest.approx(0.5)
    assert limit.wait_s("a", 1.0) == 0.0


def test_many_who_ask_once_take_bounded_memory() -> None:
    limit = RateLimit(per_minute=1)
    for number in range(MOST_KNOWN + 10):
        limit.wait_s(f"{number}", 0.0)
    assert len(limit._buckets) == MOST_KNOWN
