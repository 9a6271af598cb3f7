"""A progress bar on a terminal, for whatever takes long enough to be looked at."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

import click

BAR_AFTER_S = 2.0


@contextmanager
def progress(
    total: int, stream: TextIO, *, monotonic: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[int], None]]:
    """A function to tell how many more are done; it draws nothing in the first two seconds."""
    started = monotonic()
    done = 0
    bar: Any = None

    def advance(more: int) -> None:
        nonlocal done, bar
        done += more
        if bar is not None:
            bar.update(more)
        elif stream.isatty() and monotonic() - started > BAR_AFTER_S:
            bar = click.progressbar(length=total, label="dead letters", file=stream)
            bar.__enter__()
            bar.update(done)

    try:
        yield advance
    finally:
        if bar is not None:
            bar.__exit__(None, None, None)
