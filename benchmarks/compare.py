"""This project and its peers on the same backlog, by turns: `make bench`.

A Kafka and a TimescaleDB of its own, the same backlog of simulated events on the broker for each
codec, one process at a time, each in an empty database. Round after round every contender takes
its turn, so that all of them see the same machine. Then each is killed once in the middle of a
smaller backlog, started again, and its counts are compared with the true ones.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import figures
from benchmarks.backlog import backlog
from benchmarks.contenders import CONTENDERS, Contender
from benchmarks.engines import NotInstalled
from benchmarks.figures import Result
from benchmarks.loads import Load
from benchmarks.machine import machine
from benchmarks.servers import DATA, servers, shipped_registry
from benchmarks.trial import Ground, Told

CODECS = ("none", "lz4", "zstd", "gzip", "snappy")
SLOW_EVENTS = 100_000


class Loads(NamedTuple):
    """Backlogs on the broker."""

    large: Load
    small: Load | None

    def of(self, contender: Contender) -> Load:
        """The one that a contender gets."""
        return self.small if contender.is_slow and self.small else self.large


class Comparison:
    """One run of the benchmark, and what it has found so far."""

    def __init__(self, ground: Ground, results: list[Result], console: Console) -> None:
        self._ground = ground
        self._results = results
        self._console = console

    def publish(self, events: int, codec: str) -> Load:
        """A backlog of whole days on the broker."""
        yesterday = datetime.now(UTC).date() - timedelta(days=1)
        with self._bar(f"Publishing {events:,} events, {codec}") as told:
            made = backlog(self._ground.registry, yesterday, events, DATA / "backlogs")
            load = Load.publish(
                self._ground.stack.kafka.bootstrap, made, None if codec == "none" else codec
            )
            told(1)
        return load

    def publish_both(self, events: int, codec: str) -> Loads:
        """A backlog, and the smaller one if there are contenders that need it."""
        return Loads(
            self.publish(events, codec),
            self.publish(SLOW_EVENTS, codec)
            if events > SLOW_EVENTS and any(result.contender.is_slow for result in self._results)
            else None,
        )

    def measure(self, loads: Loads, what: str, longest_s: float) -> None:
        """Everybody's turn of one round."""
        for result in self._results:
            contender = result.contender
            with self._attempt(f"{what}: {contender.title}", result) as told:
                load = loads.of(contender)
                result.runs.append(self._ground.measure(contender, load, longest_s, told))

    def kill(self, loads: Loads) -> None:
        """Everybody's kill."""
        for result in self._results:
            contender = result.contender
            if contender.counts_in is None:
                continue
            with self._attempt(f"Killed in the middle: {contender.title}", result) as told:
                result.survived = self._ground.kill(contender, loads.of(contender), told)

    @contextmanager
    def _attempt(self, text: str, result: Result) -> Iterator[Told]:
        before = len(result.failures)
        with self._bar(text) as told, result.failing():
            yield told
        for failure in result.failures[before:]:
            self._console.print(f"  [red]{failure}")
        if len(result.failures) == before:
            self._console.print(f"  {result.newest()}")

    @contextmanager
    def _bar(self, text: str) -> Iterator[Told]:
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console) as progress:
            task = progress.add_task(text, total=1)
            yield lambda share: progress.update(task, completed=share)


@click.command("compare")
@click.option(
    "--events",
    default=1_000_000,
    show_default=True,
    help=f"Least events; {SLOW_EVENTS:,} at most for slow ones.",
)
@click.option(
    "--rounds",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="Turns of each contender.",
)
@click.option(
    "--codec",
    "codecs",
    type=click.Choice(CODECS),
    multiple=True,
    default=("lz4", "zstd"),
    show_default=True,
    help="Compression of the messages; give several, and rounds take them in turn.",
)
@click.option(
    "--longest",
    default=15.0,
    show_default=True,
    help="Cut a turn short after so many seconds; not those that need all.",
)
@click.option(
    "--kill-events",
    default=240_000,
    show_default=True,
    help="Least events of the backlog for the kill; 0: no kill.",
)
@click.option("--only", multiple=True, help="Only this contender; may be given several times.")
@click.option("--list", "list_only", is_flag=True, help="List the contenders and stop.")
@click.option("--markdown", type=click.Path(path_type=Path), help="Write the tables here as well.")
def compare(
    events: int,
    rounds: int,
    codecs: tuple[str, ...],
    longest: float,
    kill_events: int,
    only: tuple[str, ...],
    list_only: bool,
    markdown: Path | None,
) -> None:
    """Compare this project with its peers on one backlog; stops what it starts.

    Peers are installed under .data/peers, never into the project.
    """
    # So that what was started is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    console = Console(width=None if sys.stdout.isatty() else 150)
    if list_only:
        for contender in CONTENDERS:
            console.print(f"{contender.name:20} {contender.title}")
        return
    results = [Result(contender) for contender in _chosen(only)]
    ready = [result for result in results if _installed(result, console)]
    home = DATA / f"bench-{os.getpid()}"
    began = datetime.now(UTC)
    with servers(home) as stack:
        command = shlex.join(["python", "-m", "benchmarks.compare", *sys.argv[1:]])
        about = [f"`{command}`, {began:%Y-%m-%d}", machine(stack)]
        console.print("\n".join(about))
        comparison = Comparison(Ground(stack, shipped_registry(), home), ready, console)
        try:
            loads = {codec: comparison.publish_both(events, codec) for codec in codecs[:rounds]}
            about += [f"{both.large.messages:,} events, {codec}" for codec, both in loads.items()]
            for number in range(rounds):
                codec = codecs[number % len(codecs)]
                comparison.measure(loads[codec], f"Round {number + 1}, {codec}", longest)
            if kill_events:
                comparison.kill(comparison.publish_both(kill_events, codecs[0]))
        except KeyboardInterrupt:
            about.append("interrupted: what is missing was not measured")
    minutes = (datetime.now(UTC) - began).total_seconds() / 60
    about.append(f"{rounds} rounds, a turn at most {longest:.0f} s; {minutes:.0f} minutes in all")
    console.print("\n".join(about[2:] + figures.failures(results)))
    console.print(figures.for_terminal(results))
    if markdown is not None:
        markdown.write_text(figures.for_page(results, about), encoding="utf-8")


def _chosen(names: tuple[str, ...]) -> list[Contender]:
    known = {contender.name: contender for contender in CONTENDERS}
    for name in names:
        if name not in known:
            raise click.UsageError(f"{name} is no contender; there are {', '.join(known)}")
    return [known[name] for name in known if not names or name in names]


def _installed(result: Result, console: Console) -> bool:
    try:
        with console.status(f"Installing {result.contender.title}"):
            result.contender.engine.install()
    except NotInstalled as reason:
        result.failures.append(f"not installed: {reason}")
        console.print(f"{result.contender.title} is not installed: {reason}")
        return False
    return True


if __name__ == "__main__":
    compare(prog_name="python -m benchmarks.compare")
