"""What a person sees of a play: a bar on a terminal, lines elsewhere, and the truth as a table."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from services.simulator.opening import as_datetime
from services.simulator.play import Progress
from services.simulator.truth import Truth

LINE_EVERY_S = 2.0


@contextmanager
def progress(stream: TextIO, time_zone: str) -> Iterator[Callable[[Progress], None]]:
    """Shows every report given to the function; simulated time is that of the zone."""
    zone = ZoneInfo(time_zone)
    started = time.monotonic()
    if not stream.isatty():
        yield _lines(stream, zone, started)
        return
    columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Bar(*columns, console=Console(file=stream)) as bar:
        task = bar.add_task("starting")

        def show(now: Progress) -> None:
            sentence = _sentence(now, zone, time.monotonic() - started)
            bar.update(task, total=now.total, completed=now.delivered, description=sentence)

        yield show


def table(truth: Truth, directorates: Sequence[str]) -> Iterator[str]:
    """Lines of passages by local hour and directorate; `-` where a directorate had none."""
    zone = ZoneInfo(truth.time_zone)
    passages: Counter[tuple[int, str]] = Counter()
    for key, measures in truth.buckets.items():
        hour = as_datetime(key.start_ms).astimezone(zone).hour
        passages[hour, key.directorate] += measures["passages"]
    hours = sorted({hour for (hour, _), count in passages.items() if count})
    yield _row("hour", [*directorates, "total"])
    for hour in hours:
        counts = [passages[hour, directorate] for directorate in directorates]
        yield _row(f"{hour:02}:00", [*map(_count, counts), _count(sum(counts))])
    sums = [sum(passages[hour, directorate] for hour in hours) for directorate in directorates]
    yield _row("total", [*map(_count, sums), _count(sum(sums))])


def summary(truth: Truth) -> str:
    """One line: what the truth comes to."""
    totals = truth.totals
    return (
        f"{truth.visits:,} visits, {totals['persons']:,} persons, {totals['served']:,} served; "
        f"{truth.events_total:,} events, {truth.heartbeats_total:,} heartbeats, "
        f"{truth.device_starts_total:,} device starts"
    )


def _lines(stream: TextIO, zone: ZoneInfo, started: float) -> Callable[[Progress], None]:
    said_at = float("-inf")

    def show(now: Progress) -> None:
        nonlocal said_at
        seconds = time.monotonic() - started
        if seconds - said_at >= LINE_EVERY_S or now.delivered == now.total:
            said_at = seconds
            print(_sentence(now, zone, seconds), file=stream, flush=True)

    return show


def _sentence(now: Progress, zone: ZoneInfo, seconds: float) -> str:
    shown = (
        "" if now.simulated_at is None else f"{now.simulated_at.astimezone(zone):%a %d %b %H:%M}"
    )
    rate = now.delivered / seconds if seconds > 0 else 0.0
    return f"{shown}  {now.delivered:,} of {now.total:,} events delivered  {rate:,.0f}/s"


def _row(head: str, cells: Sequence[str]) -> str:
    return f"{head:<6}" + "".join(f"{cell:>8}" for cell in cells)


def _count(count: int) -> str:
    return f"{count:,}" if count else "-"
