"""How fast one worker takes in a backlog, beside the limit of what Python can fetch and validate.

`python -m benchmarks.ingest`: a real Kafka and TimescaleDB of its own, a backlog of simulated
events on the broker, then by turns one worker and the limit (benchmarks/limit.py) until each has
acknowledged everything. The clock runs from the first acknowledgement to the last, as the broker
tells them, so neither start-up nor the joining of the group is part of it. After each run of the
worker, its buckets are compared with the truth.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import click
import yaml
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from benchmarks.backlog import Backlog, backlog, counted, publish
from benchmarks.usage import cpu_s, peak_mb
from schemas.registry import Registry
from services.provision import database as provision_database
from services.provision import registry as provision_registry
from services.provision import topics as provision_topics
from services.stack.stack import Stack

PROJECT = Path(__file__).parent.parent
KAFKA_PORT, POSTGRES_PORT = 29_292, 25_632
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

    def run(self, name: str, module: str, **environ: str) -> tuple[Measured, str]:
        """Let a program take in the backlog; the second is the owner's URL of its database."""
        settings = self._provisioned() | {
            "PASSAGE_TOPIC_PREFIX": self.prefix,
            "PASSAGE_GROUP": f"{self.prefix}{name}-{uuid4().hex[:6]}",
            **environ,
        }
        log = self.logs / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", module],
                env={**os.environ, **settings},
                stdout=output,
                stderr=output,
            )
        try:
            measured = self._measure(process.pid, settings["PASSAGE_GROUP"])
        except TimeoutError as error:
            raise click.ClickException(f"{error}; see {log}") from None
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
        return measured, settings["PASSAGE_DATABASE_OWNER"]

    def _provisioned(self) -> dict[str, str]:
        name = f"bench_{uuid4().hex[:8]}"
        environ = {
            key: value.rpartition("/")[0] + f"/{name}"
            if key.startswith("PASSAGE_DATABASE_") and not key.endswith("ADMIN")
            else value
            for key, value in self.stack.environ().items()
        }
        provision_database.apply(
            provision_database.DatabaseUrls(
                owner=environ["PASSAGE_DATABASE_OWNER"],
                writer=environ["PASSAGE_DATABASE_WRITER"],
                reader=environ["PASSAGE_DATABASE_READER"],
                admin=environ["PASSAGE_DATABASE_ADMIN"],
            )
        )
        provision_registry.load(
            environ["PASSAGE_DATABASE_OWNER"], self.registry, datetime.now(UTC).date()
        )
        return environ

    def _measure(self, pid: int, group: str) -> Measured:
        pids = {
            "program": pid,
            "PostgreSQL": self.stack.postgres.pid or 0,
            "Kafka": self.stack.kafka.pid or 0,
        }
        admin = KafkaAdminClient(bootstrap_servers=self.stack.kafka.bootstrap)
        began_s = time.monotonic()
        first: tuple[float, int, dict[str, float]] | None = None
        try:
            while True:
                now_s = time.monotonic()
                done = _acknowledged(admin, group)
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
        finally:
            admin.close()


def _acknowledged(admin: KafkaAdminClient, group: str) -> int:
    try:
        offsets = admin.list_group_offsets({group: None})[group]
    except KafkaError:  # nobody has joined the group yet
        return 0
    return sum(max(0, one.offset) for one in offsets.values())


@contextmanager
def _stack(home: Path) -> Iterator[Stack]:
    running = Stack(home, KAFKA_PORT, POSTGRES_PORT, cache=PROJECT / ".data" / "cache")
    try:
        running.up()
        yield running
    finally:
        running.clean()


@click.command("ingest")
@click.option("--events", default=300_000, show_default=True, help="Least events of the backlog.")
@click.option("--runs", default=3, show_default=True, help="Runs of each program.")
@click.option("--compression", default="lz4", show_default=True, help="Codec of the messages.")
@click.option("--limit/--no-limit", default=True, help="Measure the limit as well.")
def ingest(events: int, runs: int, compression: str, limit: bool) -> None:
    """Measure one worker on a backlog, beside the limit; by turns, so that both see one machine."""
    registry = Registry.model_validate(
        yaml.safe_load((PROJECT / "deploy" / "registry.yaml").read_text(encoding="utf-8"))
    )
    home = PROJECT / ".data" / "bench"
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    made = backlog(registry, yesterday, events, PROJECT / ".data" / "backlogs")
    workers: list[Measured] = []
    limits: list[Measured] = []
    with _stack(home) as stack:
        prefix = f"b{uuid4().hex[:6]}."
        provision_topics.apply(stack.kafka.bootstrap, prefix)
        publish(stack.kafka.bootstrap, prefix, made.messages, compression)
        click.echo(f"{len(made.messages):,} events, {compression}, {len(made.truth):,} buckets")
        bench = Bench(stack, registry, made, prefix, home)
        for _ in range(runs):
            measured, database = bench.run("worker", "services.processor")
            verdict = "counts exact" if counted(database) == made.truth else "COUNTS WRONG"
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
