"""How much room a million visits take: `python -m benchmarks.storage`.

One real worker takes in simulated days of the shipped registry's halls, heartbeats included, as
busy as they are; then the database is asked how large each table and its indexes have become.
"""

from __future__ import annotations

import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import click
import psycopg
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.backlog import publish
from benchmarks.machine import machine
from benchmarks.processes import running
from benchmarks.servers import database, servers, shipped_registry
from benchmarks.watching import Watch
from schemas.queries import load_queries
from services.provision import topics as provision_topics
from services.simulator.messages import as_messages
from services.simulator.simulation import generate

_SQL = load_queries("benchmarks", "storage.sql")
_LONGEST_S = 900.0

screen = Console()


@click.command()
@click.option("--days", default=10, show_default=True, type=click.IntRange(1, 60))
def main(days: int) -> None:
    """Measure the room that simulated visits take in the database."""
    registry, today = shipped_registry(), datetime.now(UTC).date()
    with (
        tempfile.TemporaryDirectory(prefix="passage-storage-") as folder,
        servers(Path(folder) / "stack") as stack,
        database(stack, registry) as environ,
    ):
        screen.print(machine(stack))
        prefix, group = f"s{uuid4().hex[:6]}.", f"storage-{uuid4().hex[:6]}"
        provision_topics.apply(environ["PASSAGE_KAFKA"], prefix)
        sent = 0
        for back in range(days, 0, -1):
            simulation = generate(registry, today - timedelta(days=back))
            messages = [(m.topic, m.key, m.value) for m in as_messages(simulation)]
            publish(environ["PASSAGE_KAFKA"], prefix, messages, "lz4")
            sent += len(messages)
        _take_in(environ | {"PASSAGE_TOPIC_PREFIX": prefix, "PASSAGE_GROUP": group}, sent)
        screen.print(_table(environ["PASSAGE_DATABASE_OWNER"], days, sent))


def _take_in(settings: dict[str, str], messages: int) -> None:
    with (
        running("services.processor", environ=settings, log=Path(os.devnull)),
        Watch(
            settings["PASSAGE_KAFKA"],
            settings["PASSAGE_DATABASE_OWNER"],
            settings["PASSAGE_TOPIC_PREFIX"],
            settings["PASSAGE_GROUP"],
        ) as watch,
        Progress(console=screen) as progress,
    ):
        task = progress.add_task("taking in", total=messages)
        deadline = time.monotonic() + _LONGEST_S
        while (done := watch.acknowledged()) < messages:
            if time.monotonic() > deadline:
                raise click.ClickException(f"only {done} of {messages} messages were taken in")
            progress.update(task, completed=done)
            time.sleep(0.5)


def _table(owner: str, days: int, messages: int) -> Table:
    with psycopg.connect(owner, autocommit=True) as connection:
        # What a busy week leaves behind is not what stays.
        connection.execute("VACUUM (FULL)")
        (visits,) = connection.execute(_SQL["visits"]).fetchone() or (0,)
        sizes = connection.execute(_SQL["sizes"]).fetchall()
    title = f"{days} days: {messages:,} events, {visits:,} visits"
    table = Table("table", "rows", "MB per million visits", title=title, title_justify="left")
    total = 0.0
    for name, rows, size in sizes:
        per_million = size / visits * 1e6 / 2**20
        total += per_million
        if size > sizes[0][2] / 100:
            table.add_row(name, f"{rows:,}", f"{per_million:,.0f}")
    table.add_row("all", "", f"{total:,.0f}")
    return table


if __name__ == "__main__":
    main()
