"""Processes are started apart from us, found again, and ended with their children."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.stack.errors import StackError
from services.stack.process import ServerProcess, read_stat


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    process = ServerProcess("Server", tmp_path / "server.pid", tmp_path / "server.log")
    yield process
    process.kill()


def await_condition(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    stat = read_stat(pid)
    return stat is not None and not stat.is_dead


def test_a_started_process_is_found_by_its_file(server: ServerProcess, tmp_path: Path) -> None:
    server.start(["sleep", "60"])
    again = ServerProcess("Server", tmp_path / "server.pid", tmp_path / "server.log")
    assert again.identity() == server.identity()
    again.stop(signal.SIGTERM, timeout_s=10)
    assert not server.is_running()


def test_it_runs_in_a_session_of_its_own_with_an_environment_of_its_own(
    server: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_OPTS", "-Dsurprise")
    server.start(["sh", "-c", "env; sleep 60"])
    identity = server.identity()
    assert identity is not None
    assert os.getsid(identity.pid) == identity.pid
    await_condition(lambda: "PATH=" in server.log.read_text())
    assert "KAFKA_OPTS" not in server.log.read_text()


def test_killing_takes_the_children_along(server: ServerProcess) -> None:
    server.start(["sh", "-c", "setsid sleep 60 & echo $!; wait"])
    await_condition(lambda: server.log.read_text().endswith("\n"))
    child = int(server.log.read_text())
    server.kill()
    assert not is_alive(child)


def test_one_that_does_not_listen_is_killed_after_the_deadline(server: ServerProcess) -> None:
    server.start(["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 0.1; done"])
    await_condition(lambda: "deaf" in server.log.read_text())
    assert server.stop(signal.SIGTERM, timeout_s=0.2)
    assert not server.is_running()


def test_one_that_ends_while_starting_is_told_with_its_last_words(server: ServerProcess) -> None:
    server.start(["sh", "-c", "echo no disk left; exit 3"])
    with pytest.raises(StackError, match="no disk left"):
        server.await_ready(lambda: False, timeout_s=10)


def test_only_the_words_of_this_start_are_told(server: ServerProcess) -> None:
    server.log.write_text("trouble of yesterday\n")
    server.start(["sh", "-c", "echo trouble of today"])
    with pytest.raises(StackError) as caught:
        server.await_ready(lambda: False, timeout_s=10)
    assert "trouble of today" in str(caught.value)
    assert "yesterday" not in str(caught.value)


def test_one_that_never_answers_is_told_after_the_deadline(server: ServerProcess) -> None:
    server.start(["sleep", "60"])
    with pytest.raises(StackError, match="did not answer"):
        server.await_ready(lambda: False, timeout_s=0.1)
