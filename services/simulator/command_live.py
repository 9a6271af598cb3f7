"""`passage simulate --live`: the play without end, and how it is ended."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import click

from schemas.registry import Registry
from services.simulator.fleet import Fleet
from services.simulator.live import days_before, play_live, simulations
from services.simulator.opening import local_day
from services.simulator.screen import LiveScreen
from services.simulator.settings import SimulatorSettings


def simulate_live(
    settings: SimulatorSettings,
    registry: Registry,
    days: int,
    seed: int,
    scale: float,
    outboxes: Path,
    unplugged: tuple[str, ...],
) -> None:
    """Play `days` past open days and then today, until SIGINT or SIGTERM.

    `outboxes` is a folder without outboxes. Raises click.UsageError for an unknown device, else
    what the fleet and the play raise.
    """
    site_of = {device.code: device.site for device in registry.devices}
    if unknown := sorted(set(unplugged) - set(site_of)):
        raise click.UsageError(
            f"--unplug {', '.join(unknown)}: no such device in the registry; "
            f"it has {', '.join(site_of)}"
        )
    today = local_day(registry, datetime.now(UTC))
    past = days_before(registry, days, today)
    click.echo(f"{len(past)} open days of history, then live; seed {seed}, scale {scale:g}")
    with (
        _stopped_by_signals() as stop,
        Fleet(site_of, settings.brokers, outboxes, settings.topic_prefix) as fleet,
    ):
        play_live(
            simulations(registry, past, today, seed, scale),
            fleet,
            LiveScreen(sys.stderr, click.echo),
            unplugged=unplugged,
            now=lambda: datetime.now(UTC),
            wait=stop.wait,
        )
    click.echo("stopped; everything is delivered")


@contextmanager
def _stopped_by_signals() -> Iterator[Event]:
    stop = Event()
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(one, lambda number, frame: stop.set()) for one in signals]
    try:
        yield stop
    finally:
        for one, handler in zip(signals, before, strict=True):
            signal.signal(one, handler)
