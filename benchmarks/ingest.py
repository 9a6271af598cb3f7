"""How fast one worker takes in a backlog, beside the limit of what Python can fetch and validate.

`python -m benchmarks.ingest`: a real Kafka and TimescaleDB of its own, a backlog of simulated
events on the broker, then by turns one worker and the limit (benchmarks/limit.py) until each has
acknowledged everything. The clock runs from the first acknowledgement to the last, as the broker
tells them, so neither start-up nor the joining of the group is part of it. After each run of the
worker, its buckets are compared with the truth.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import click

from benchmarks.backlog import Backlog, backlog, counted, publish
from benchmarks.processes import running
from benchmarks.servers import DATA, database, servers, shipped_registry
from benchmarks.usage import cpu_s, peak_mb
from benchmarks.watching import Watch
from schemas.registry import Registry
from services.provision import topics as provision_topics
from services.stack.stack import Stack

LONGEST_S = 600.0
LOOK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of one program over the backlog."""

    events_per_s: float
    cpu: dict[str, float]
    """CPU seconds per million events: the program's, PostgreSQL's, Kafka's."""
    peak_mb: float

    def __str__(self) -> str:
        cpu = "  ".join(f"{name} {seconds:5.1f}" for name, seconds in self.cpu.items())
        return (
            f"{self.events_per_s:9,.0f} events/s   CPU s per million: {cpu}"
            f"   peak {self.peak_mb:4.0f} MB"
        )


@dataclass(frozen=True)
class Bench:
    """Servers with the backlog on the broker."""

    stack: Stack
    registry: Registry
    backlog: Backlog
    prefix: str
    logs: Path

    def run(self, name: str, module: str) -> tuple[Measured, bool]:
        """Let a program take in the backlog; the second is whether its buckets are the truth."""
        log = self.logs / f"{name}.log"
        with database(self.stack, self.registry) as environ:
            settings = environ | {
                "PASSAGE_TOPIC_PREFIX": self.prefix,
                "PASSAGE_GROUP": f"{self.prefix}{name}-{uuid4().hex[:6]}",
            }
            with running(module, environ=settings, log=log) as process:
                try:
                    measured = self._measure(process.pid, settings)
                except TimeoutError as error:
                    raise click.ClickException(f"{error}; see {log}") from None
            return measured, counted(environ["PASSAGE_DATABASE_OWNER"]) == self.backlog.truth

    def _measure(self, pid: int, settings: Mapping[str, str]) -> Measured:
        pids = {
            "program": pid,
            "PostgreSQL": self.stack.postgres.pid or 0,
            "Kafka": self.stack.kafka.pid or 0,
        }
        began_s = time.monotonic()
        first: tuple[float, int, dict[str, float]] | None = None
        with Watch(
            settings["PASSAGE_KAFKA"],
            settings["PASSAGE_DATABASE_OWNER"],
            self.prefix,
            settings["PASSAGE_GROUP"],
        ) as watch:
            while True:
                now_s = time.monotonic()
                done = watch.acknowledged()
                if done and first is None:
                    first = now_s, done, {name: cpu_s(p) for name, p in pids.items()}
                if first and done >= len(self.backlog.messages):
                    break
                if now_s - began_s > LONGEST_S or not Path(f"/proc/{pid}").exists():
                    raise TimeoutError(f"only {done:,} events were acknowledged")
                time.sleep(LOOK_EVERY_S)
            since_s, before, cpu_before = first
            events = done - before
            cpu = {name: (cpu_s(p) - cpu_before[name]) / events * 1e6 for name, p in pids.items()}
            return Measured(events / (now_s - since_s), cpu, peak_mb(pid))


@click.command("ingest")
@click.option("--events", default=300_000, show_default=True, help="Least events of the backlog.")
@click.option("--runs", default=3, show_default=True, help="Runs of each program.")
@click.option("--compression", default="lz4", show_default=True, help="Codec of the messages.")
@click.option("--limit/--no-limit", default=True, help="Measure the limit as well.")
def ingest(events: int, runs: int, compression: str, limit: bool) -> None:
    """Measure one worker on a backlog, beside the limit; by turns, so that both see one machine."""
    registry, home = shipped_registry(), DATA / "bench"
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    made = backlog(registry, yesterday, events, DATA / "backlogs")
    workers: list[Measured] = []
    limits: list[Measured] = []
    with servers(home) as stack:
        prefix = f"b{uuid4().hex[:6]}."
        provision_topics.apply(stack.kafka.bootstrap, prefix)
        publish(stack.kafka.bootstrap, prefix, made.messages, compression)
        click.echo(f"{len(made.messages):,} events, {compression}, {len(made.truth):,} buckets")
        bench = Bench(stack, registry, made, prefix, home)
        for _ in range(runs):
            measured, is_exact = bench.run("worker", "services.processor")
            verdict = "counts exact" if is_exact else "COUNTS WRONG"
            click.echo(f"worker {measured}   {verdict}")
            workers.append(measured)
            if limit:
                measured, _ = bench.run("limit", "benchmarks.limit")
                click.echo(f"limit  {measured}")
                limits.append(measured)
    _conclude(workers, limits)


def _conclude(workers: list[Measured], limits: list[Measured]) -> None:
    ours = statistics.median(one.events_per_s for one in workers)
    click.echo(f"median: worker {ours:,.0f} events/s")
    if limits:
        best = statistics.median(one.events_per_s for one in limits)
        click.echo(f"median: limit {best:,.0f} events/s; ratio {ours / best:.2f}")


if __name__ == "__main__":
    ingest(prog_name="python -m benchmarks.ingest")
