"""Stacks for tests: real servers on free ports, in folders that go away."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.stack import Stack
from services.stack.settings import StackSettings, project_folder

MakeStack = Callable[[Path], Stack]


def free_ports(count: int) -> int:
    """The first of so many ports in a row that nobody holds.

    Below the range from which the kernel gives ports to clients, so that none is taken meanwhile.
    """
    start = 20000 + os.getpid() % 5000
    for first in range(start, 32000):
        if all(_is_free(port) for port in range(first, first + count)):
            return first
    raise AssertionError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@pytest.fixture(scope="module")
def make_stack() -> Iterator[MakeStack]:
    """Makes stacks of given homes, and removes what they leave, whatever happens.

    They share the jars of the demo's stack, so that a test fetches nothing.
    """
    settings = StackSettings.from_environ(os.environ, project=project_folder(Path(__file__).parent))
    made: list[Stack] = []

    def make(home: Path) -> Stack:
        first = free_ports(3)
        stack = Stack(home, first, first + 2, cache=settings.home / "cache", heap_mb=256)
        if not stack.is_installed():
            reason = "Kafka or TimescaleDB is not installed; run `passage stack up` once"
            if os.environ.get("REQUIRE_STACK"):
                pytest.fail(reason)
            pytest.skip(reason)
        made.append(stack)
        return stack

    yield make
    for stack in made:
        stack.clean()


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A folder that every account can enter; pytest's own are private."""
    folder = Path(tempfile.mkdtemp(prefix="passage-test-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def running(make_stack: MakeStack, open_folder: Path) -> Stack:
    """A stack that is up; a test that stops one of its servers starts it again."""
    stack = make_stack(open_folder / "home")
    stack.up()
    return stack
