"""What a person sees of a play: a bar on a terminal, lines elsewhere, and the truth as a table."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TextIO
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from services.simulator.fleet import Progress
from services.simulator.opening import as_datetime
from services.simulator.simulation import Simulation
from services.simulator.truth import Truth

LINE_EVERY_S = 2.0
# A play without end writes into a log that somebody keeps.
LIVE_LINE_EVERY_S = 600.0


@contextmanager
def progress(
    stream: TextIO, time_zone: str, *, live: bool = False
) -> Iterator[Callable[[Progress], None]]:
    """Shows every report given to the function; simulated time is that of the zone.

    `live`: simulated time is real time, and lines are rare.
    """
    zone = ZoneInfo(time_zone)
    started = time.monotonic()

    def sentence(now: Progress) -> str:
        if now.problem is not None:
            return f"{_how_far(now, zone)}; delivery stands still: {now.problem}"
        if live:
            return f"live  {_how_far(now, zone)}"
        seconds = time.monotonic() - started
        rate = now.delivered / seconds if seconds > 0 else 0.0
        return f"{_how_far(now, zone)}  {rate:,.0f}/s"

    if not stream.isatty():
        yield (_live_lines if live else _lines)(stream, sentence)
        return
    columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Bar(*columns, console=Console(file=stream)) as bar:
        task = bar.add_task("starting")

        def show(now: Progress) -> None:
            bar.update(task, total=now.total, completed=now.delivered, description=sentence(now))

        yield show


class LiveScreen:
    """What a person sees of a play without end: bars and lines on `stream`, notes apart."""

    def __init__(self, stream: TextIO, note: Callable[[str], None]) -> None:
        self._stream = stream
        self._note = note

    def past(self, simulation: Simulation) -> AbstractContextManager[Callable[[Progress], None]]:
        """A day that is over is played at once."""
        return progress(self._stream, simulation.truth.time_zone)

    def today(self, simulation: Simulation) -> AbstractContextManager[Callable[[Progress], None]]:
        """A day is played as it happens, its first hours at once."""
        self._note(f"{simulation.truth.first_day:%A %d %B %Y}, live: {summary(simulation.truth)}")
        return progress(self._stream, simulation.truth.time_zone, live=True)

    def awaiting(self, simulation: Simulation) -> None:
        """Every site is closed until then."""
        opens = simulation.events[0].occurred_at.astimezone(ZoneInfo(simulation.truth.time_zone))
        self._note(f"every site is closed; the devices start again on {opens:%A %d %B %Y at %H:%M}")


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


def _lines(stream: TextIO, sentence: Callable[[Progress], str]) -> Callable[[Progress], None]:
    said_at = float("-inf")

    def show(now: Progress) -> None:
        nonlocal said_at
        if time.monotonic() - said_at >= LINE_EVERY_S or now.delivered == now.total:
            said_at = time.monotonic()
            print(sentence(now), file=stream, flush=True)

    return show


def _live_lines(stream: TextIO, sentence: Callable[[Progress], str]) -> Callable[[Progress], None]:
    said_at, said_problem = float("-inf"), None

    def show(now: Progress) -> None:
        nonlocal said_at, said_problem
        # What is under way for a moment is neither progress nor a problem.
        if now.simulated_at is None or (now.problem is None and now.delivered < now.written):
            return
        if now.problem != said_problem or time.monotonic() - said_at >= LIVE_LINE_EVERY_S:
            said_at, said_problem = time.monotonic(), now.problem
            print(sentence(now), file=stream, flush=True)

    return show


def _how_far(now: Progress, zone: ZoneInfo) -> str:
    shown = (
        "" if now.simulated_at is None else f"{now.simulated_at.astimezone(zone):%a %d %b %H:%M}"
    )
    return f"{shown}  {now.delivered:,} of {now.total:,} events delivered"


def _row(head: str, cells: Sequence[str]) -> str:
    return f"{head:<6}" + "".join(f"{cell:>8}" for cell in cells)


def _count(count: int) -> str:
    return f"{count:,}" if count else "-"
