"""What a kiosk costs: `python -m benchmarks.kiosk`.

How long a command takes to start and record a ticket, how many events a second become durable in
the outbox one by one and in batches (the file is synced at each), and the memory of delivering a
backlog to a real Kafka.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmarks.servers import servers
from benchmarks.usage import peak_mb
from schemas.events import TicketIssued
from services.edge.clock import SystemClock
from services.edge.device import Device
from services.edge.outbox import Outbox
from services.provision import topics as provision_topics

SITE, DEVICE = "creteil", "creteil-k1"
TICKET = ("creteil-sejour", "dmi", "sejour")
"""Queue, directorate and service; the outbox does not ask the registry."""

screen = Console()


@click.command()
@click.option("--starts", default=10, show_default=True, type=click.IntRange(1))
@click.option("--events", default=5_000, show_default=True, type=click.IntRange(100))
@click.option("--batch", default=100, show_default=True, type=click.IntRange(1))
def main(starts: int, events: int, batch: int) -> None:
    """Measure start, outbox and memory of a kiosk."""
    table = Table("what", "figure")
    with tempfile.TemporaryDirectory(prefix="passage-kiosk-") as name:
        folder = Path(name)
        wall, cpu = started(settings_of(folder / "start.db", folder), starts)
        table.add_row("record one ticket, a new process: wall, median", f"{wall * 1000:.0f} ms")
        table.add_row("the same: CPU, median", f"{cpu * 1000:.0f} ms")
        one_by_one = durable_rate(folder / "one.db", events // 10, 1)
        table.add_row("durable, one by one", f"{one_by_one:,.0f} events/s")
        in_batches = durable_rate(folder / "batch.db", events, batch)
        table.add_row(f"durable, {batch} a transaction", f"{in_batches:,.0f} events/s")
        with servers(folder / "stack") as stack:
            kafka = stack.environ()["PASSAGE_KAFKA"]
            provision_topics.apply(kafka, "")
            settings = settings_of(folder / "batch.db", folder) | {"PASSAGE_KAFKA": kafka}
            memory, rate = delivered(settings)
        table.add_row(f"deliver the {events:,}: peak memory", f"{memory:.0f} MB")
        table.add_row("deliver: rate", f"{rate:,.0f} events/s")
    screen.print(table)


def settings_of(outbox: Path, folder: Path) -> dict[str, str]:
    """The environment of a kiosk."""
    return {
        "PASSAGE_DEVICE": DEVICE,
        "PASSAGE_SITE": SITE,
        "PASSAGE_OUTBOX": str(outbox),
        "PASSAGE_DAY_KEYS": str(folder / "day-keys"),
    }


def started(settings: Mapping[str, str], times: int) -> tuple[float, float]:
    """Median wall and CPU seconds of the command that records a ticket."""
    queue, directorate, service = TICKET
    command = [sys.executable, "-m", "services.edge", "ticket", "--number", "A001"]
    command += ["--queue", queue, "--directorate", directorate, "--service", service]

    def once() -> tuple[float, float]:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.perf_counter()
        subprocess.run(command, env={**os.environ, **settings}, check=True, capture_output=True)
        wall = time.perf_counter() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    once()
    taken = [once() for _ in range(times)]
    return statistics.median(w for w, _ in taken), statistics.median(c for _, c in taken)


def durable_rate(file: Path, events: int, batch: int) -> float:
    """Events a second that are on the disk when the call returns."""
    device = Device(DEVICE, SITE, Outbox(file), SystemClock())
    queue, directorate, service = TICKET
    fields = []
    for count in range(events):
        wrap, in_roll = divmod(count, 10_000)
        number = f"A{in_roll:04}"
        ticket = {"queue": queue, "number": number, "wrap": wrap, "channel": "kiosk"}
        place = {"directorate": directorate, "service": service}
        fields.append(device.ticket_fields(queue, number, wrap, None) | ticket | place)
    began = time.perf_counter()
    for first in range(0, events, batch):
        device.emit_many((TicketIssued, one) for one in fields[first : first + batch])
    return events / (time.perf_counter() - began)


def delivered(settings: Mapping[str, str]) -> tuple[float, float]:
    """Peak memory in MB, and events a second, of a process that empties its outbox into Kafka."""
    waiting = Outbox(Path(settings["PASSAGE_OUTBOX"])).status().depth
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "services.edge", "deliver"],
        env={**os.environ, **settings},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    memory = _highest_while(process, lambda: peak_mb(process.pid))
    if process.returncode != 0:
        raise click.ClickException(f"`passage edge deliver` ended with {process.returncode}")
    return memory, waiting / (time.perf_counter() - began)


def _highest_while(process: subprocess.Popen[bytes], read: Callable[[], float]) -> float:
    highest, ended = 0.0, threading.Event()
    while not ended.wait(0.02):
        if process.poll() is not None:
            ended.set()
            continue
        try:
            highest = max(highest, read())
        except (FileNotFoundError, ValueError):
            # It has just ended: there is nothing to read about it any more.
            continue
    return highest


if __name__ == "__main__":
    main()
