"""`make env` makes what compose needs, once, for its owner's eyes only."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def make_env(project: Path, tmp_path: Path) -> MakeEnv:
    """The script, on a file of this test's own."""
    return MakeEnv(project / "deploy" / "make-env.sh", tmp_path / ".env")


class MakeEnv:
    """Runs the script and reads what it made."""

    def __init__(self, script: Path, file: Path) -> None:
        self._script = script
        self.file = file

    def run(self) -> subprocess.CompletedProcess[str]:
        """Run it; raises when it fails."""
        return subprocess.run(
            [self._script, self.file], check=True, capture_output=True, text=True, timeout=30
        )

    @property
    def values(self) -> dict[str, str]:
        """The settings; of one that is there twice the last counts, as in compose."""
        lines = re.findall(r"^(\w+)=(.*)$", self.file.read_text(), re.MULTILINE)
        return dict(lines)


def test_it_gives_values_to_all_that_need_one(
    make_env: MakeEnv, env_example: dict[str, str]
) -> None:
    make_env.run()
    assert set(make_env.values) == set(env_example)
    empty = {name for name, value in make_env.values.items() if not value}
    assert empty == {"ALERTS_SUPERVISOR", "ALERTS_TECHNICIAN", "LIVE_CORS_ORIGINS"}
    for name, value in env_example.items():
        assert not value or make_env.values[name] == value


def test_passwords_are_long_different_and_need_no_quoting(make_env: MakeEnv) -> None:
    make_env.run()
    passwords = [v for name, v in make_env.values.items() if name.endswith("_PASSWORD")]
    assert len(set(passwords)) == len(passwords) == 6
    assert all(re.fullmatch("[0-9a-f]{48}", password) for password in passwords)


def test_only_its_owner_can_read_it(make_env: MakeEnv) -> None:
    make_env.run()
    assert make_env.file.stat().st_mode & 0o777 == 0o600
    assert list(make_env.file.parent.iterdir()) == [make_env.file]


def test_a_second_run_changes_nothing(make_env: MakeEnv) -> None:
    make_env.run()
    before = make_env.file.read_bytes()
    assert "nothing changed" in make_env.run().stdout
    assert make_env.file.read_bytes() == before


def test_what_is_set_stays_and_what_lacks_is_added(make_env: MakeEnv) -> None:
    make_env.file.write_text("GRAFANA_PORT=8080\nDATABASE_READER_PASSWORD=mine\nMINE=1")
    added = make_env.run().stdout
    assert make_env.file.read_text().startswith(
        "GRAFANA_PORT=8080\nDATABASE_READER_PASSWORD=mine\nMINE=1\n"
    )
    assert make_env.values["GRAFANA_PORT"] == "8080"
    assert make_env.values["DATABASE_READER_PASSWORD"] == "mine"
    assert make_env.values["DATABASE_WRITER_PASSWORD"]
    assert "DATABASE_WRITER_PASSWORD" in added
    assert make_env.values["DATABASE_WRITER_PASSWORD"] not in added
    assert make_env.file.stat().st_mode & 0o777 == 0o600


def test_an_image_of_an_older_release_is_kept_and_named(make_env: MakeEnv) -> None:
    make_env.run()
    text = make_env.file.read_text()
    make_env.file.write_text(re.sub(r"KAFKA_IMAGE=.*", "KAFKA_IMAGE=apache/kafka:4.0.0", text))
    assert "KAFKA_IMAGE" in make_env.run().stderr
    assert make_env.values["KAFKA_IMAGE"] == "apache/kafka:4.0.0"
