"""Commands that fail on a wrong secret: it is in no output, no log and no list of processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.security.closed_broker import ClosedBroker
from tests.integration.security.closed_database import ClosedDatabase

MARK = "m4rked-s3cret"
PATIENCE_S = 150
# One of each service; those that go on trying are ended once they have told why.
COMMANDS = {
    "provision all": ("provision", "all"),
    "provision topics": ("provision", "topics"),
    "processor": ("processor",),
    "live": ("live",),
    "edge deliver": ("edge", "deliver", "--timeout", "3"),
    "dead-letters": ("dead-letters", "reasons"),
    "history": ("history",),
    "audit": ("audit",),
    "dashboards": ("dashboards", "publish"),
}
ENDLESS = {"processor"}


@pytest.fixture
def environ(closed: ClosedBroker, closed_db: ClosedDatabase, tmp_path: Path) -> dict[str, str]:
    """Every secret is wrong, and marked; servers are there to refuse it."""
    urls = {
        f"PASSAGE_DATABASE_{role.upper()}": closed_db.url(role).replace(
            closed_db.passwords[role], f"{MARK}-{role}"
        )
        for role in ("admin", "owner", "writer", "reader")
    }
    return {
        **closed.environ("kiosk", PASSAGE_KAFKA_PASSWORD_FILE="", PASSAGE_KAFKA_PASSWORD=MARK),
        **urls,
        "PASSAGE_DEVICE": "acc-borne-1",
        "PASSAGE_SITE": "creteil-accueil",
        "PASSAGE_OUTBOX": str(tmp_path / "outbox.db"),
        "PASSAGE_OUTBOX_MIN_FREE_MB": "0",
        "GRAFANA_URL": "http://127.0.0.1:1",
        "GRAFANA_USER": "admin",
        "GRAFANA_PASSWORD": MARK,
    }


@pytest.fixture
def running(
    environ: dict[str, str], tmp_path: Path
) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """All of the commands, at once."""
    environ = {"PATH": os.environ["PATH"], **environ}
    ticket = ("ticket", "--queue", "acc-titres", "--number", "A001")
    words = (*ticket, "--directorate", "dcl", "--service", "titres")
    subprocess.run(
        [sys.executable, "-m", "services", "edge", *words],
        env=environ,
        check=True,
        capture_output=True,
    )
    processes = {}
    for name, words in COMMANDS.items():
        with (tmp_path / name).open("wb") as log:
            processes[name] = subprocess.Popen(
                [sys.executable, "-m", "services", *words], env=environ, stdout=log, stderr=log
            )
    yield processes
    for process in processes.values():
        process.kill()
        process.wait()


def test_a_wrong_secret_is_told_of_and_never_told(
    running: dict[str, subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    ends = time.monotonic() + PATIENCE_S
    seen: set[bytes] = set()
    while any(_goes_on(name, one, tmp_path) for name, one in running.items()):
        assert time.monotonic() < ends, [n for n, one in running.items() if one.poll() is None]
        seen |= {_command_line(process.pid) for process in running.values()}
        time.sleep(0.1)
    for name in ENDLESS:
        running[name].send_signal(signal.SIGTERM)
    for name, process in running.items():
        said = (tmp_path / name).read_text()
        assert said, name
        assert MARK not in said, name
        # It failed for the secret, and not for a setting or a word that was misspelled.
        assert process.wait(timeout=30) == (0 if name in ENDLESS else 1), said
    assert not [line for line in seen if MARK.encode() in line]


def _goes_on(name: str, process: subprocess.Popen[bytes], folder: Path) -> bool:
    """Whether a command has more to tell."""
    if process.poll() is not None:
        return False
    said = (folder / name).read_text()
    return not (name in ENDLESS and "refuses the login" in said)


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
