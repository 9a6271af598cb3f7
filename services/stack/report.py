"""Tell a person what is happening, one step a line, with how long it took."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TextIO, TypeAlias

_FRAMES = "|/-\\"


class Step:
    """One thing that is being done; `note` replaces the duration at its end ("already running")."""

    def __init__(self) -> None:
        self.remark: str | None = None

    def note(self, remark: str) -> None:
        self.remark = remark


Report: TypeAlias = Callable[[str], AbstractContextManager[Step]]
"""Opens a step: `with report("Starting Kafka") as step: ...`. Steps do not nest."""


@contextmanager
def silent(title: str) -> Iterator[Step]:
    """A report that nobody reads, for tests."""
    yield Step()


class ConsoleReport:
    """Writes `title … 7.9 s`; on a terminal a wheel turns while the step lasts."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout

    @contextmanager
    def __call__(self, title: str) -> Iterator[Step]:
        step = Step()
        started = time.monotonic()
        self._write(f"{title} … ")
        ended = threading.Event()
        wheel = threading.Thread(target=self._turn, args=(title, ended), daemon=True)
        if self._stream.isatty():
            wheel.start()
        outcome = "failed"
        try:
            yield step
            outcome = step.remark or f"{time.monotonic() - started:.1f} s"
        finally:
            ended.set()
            if wheel.is_alive():
                wheel.join()
                self._write(f"\r\033[K{title} … ")
            self._write(f"{outcome}\n")

    def _turn(self, title: str, ended: threading.Event) -> None:
        turn = 0
        while not ended.wait(0.2):
            turn += 1
            self._write(f"\r\033[K{title} … {_FRAMES[turn % len(_FRAMES)]}")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
