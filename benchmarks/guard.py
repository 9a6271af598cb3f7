"""Has a worker become slower? Held against the limit on the same machine, never against a clock.

`python -m benchmarks.guard` measures the ratio that CI holds against benchmarks/ratios.json, and
with `--store` writes it there. A busy machine is no place to store from.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import click

from benchmarks.backlog import backlog
from benchmarks.contenders import CONTENDERS, LIMIT, PASSAGE
from benchmarks.loads import Load
from benchmarks.servers import DATA, servers, shipped_registry
from benchmarks.trial import Ground

RATIOS = Path(__file__).with_name("ratios.json")
OF_LIMIT = "worker / limit"
EVENTS = 50_000
"""At the least: a whole day of the simulated halls."""
TOLERATED = 0.25
LOOK_EVERY_S = 0.05
"""Often, for it is over in a second or two."""
_LONGEST_S = 20.0


@dataclass(frozen=True, slots=True)
class Ratio:
    """The best of the rounds so far, each contender's by itself: noise only ever slows down."""

    worker: float
    limit: float
    wrong: int
    """Passages that the worker has missed or counted twice, in all rounds."""

    @property
    def value(self) -> float:
        """The worker's events a second as a share of the limit's."""
        return self.worker / self.limit

    def is_low(self, stored: float) -> bool:
        """Whether it is further below the stored one than noise explains."""
        return self.value < stored * (1 - TOLERATED)


def published(kafka: str) -> Load:
    """The guard's backlog, on a broker."""
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    made = backlog(shipped_registry(), yesterday, EVENTS, DATA / "backlogs")
    return Load.publish(kafka, made, "lz4")


def rounds(ground: Ground, load: Load) -> Iterator[Ratio]:
    """The ratio after one round, after two, and so on; worker and limit take turns."""
    worker, limit = (next(c for c in CONTENDERS if c.name == name) for name in (PASSAGE, LIMIT))
    best, wrong = {PASSAGE: 0.0, LIMIT: 0.0}, 0
    while True:
        for contender in (worker, limit):
            run = ground.measure(contender, load, _LONGEST_S, lambda share: None)
            best[contender.name] = max(best[contender.name], run.events_per_s)
            wrong += run.wrong or 0
        yield Ratio(best[PASSAGE], best[LIMIT], wrong)


def stored() -> float:
    """The ratio to hold a measured one against."""
    return float(json.loads(RATIOS.read_text(encoding="utf-8"))[OF_LIMIT])


@click.command("guard")
@click.option(
    "--rounds",
    "count",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="Rounds to take the best of.",
)
@click.option("--store", is_flag=True, help="Write it to benchmarks/ratios.json.")
def guard(count: int, store: bool) -> None:
    """Measure a worker's speed as a share of the limit's, on the guard's small backlog."""
    home = DATA / f"guard-{os.getpid()}"
    with servers(home) as stack:
        load = published(stack.kafka.bootstrap)
        ground = Ground(stack, shipped_registry(), home, LOOK_EVERY_S)
        for ratio in islice(rounds(ground, load), count):
            click.echo(f"{ratio.worker:,.0f} / {ratio.limit:,.0f} events/s = {ratio.value:.2f}")
    if store:
        text = json.dumps({OF_LIMIT: round(ratio.value, 2)}, indent=2)
        RATIOS.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    guard(prog_name="python -m benchmarks.guard")
