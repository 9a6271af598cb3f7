"""`python -m services.simulator`, which is also `passage simulate`."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
import yaml
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress

from schemas.registry import Registry
from services.core.decisions import BACKFILL_HORIZON
from services.edge.errors import EdgeError
from services.runtime.settings import InvalidSetting, with_local_stack
from services.simulator import screen
from services.simulator.command_live import simulate_live
from services.simulator.export import REGISTRY, export
from services.simulator.opening import NoOpenDay, UnknownHolidays, local_day, open_days
from services.simulator.play import PlayError, play
from services.simulator.settings import SimulatorSettings
from services.simulator.simulation import Simulation, generate


@click.command()
@click.option(
    "--date",
    "first",
    type=click.DateTime(["%Y-%m-%d"]),
    help="First local day. Default: the last open day before today, or the days up to it.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 3660),
    help="How many days. Default: 1. With --live: open days before today, played first at full "
    "speed (no older than the pipeline takes, 60 days); default none.",
)
@click.option(
    "--seed",
    default=94,
    show_default=True,
    help="The same seed, registry, day and scale give the same events: playing them again counts "
    "nothing twice. Another seed for the same day mixes two days into one.",
)
@click.option(
    "--scale",
    type=click.FloatRange(0, 100, min_open=True),
    default=1.0,
    show_default=True,
    help="How busy, against the real prefecture; desks grow with it.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0, min_open=True),
    help="Simulated seconds per second: 1 is real time. Default: as fast as possible.",
)
@click.option(
    "--registry",
    "registry_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=Path("deploy/registry.yaml"),
    show_default=True,
    help="Sites, queues and devices to simulate.",
)
@click.option(
    "--truth",
    "truth_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the true counts there, as JSON.",
)
@click.option(
    "--outboxes",
    type=click.Path(file_okay=False, path_type=Path),
    help="Empty folder for the devices' outboxes, kept. Default: a temporary one.",
)
@click.option(
    "--live",
    is_flag=True,
    help="Play today as it happens: up to now at once, then each event when its time comes, "
    "today and every open day, until stopped (Ctrl-C, SIGTERM).",
)
@click.option(
    "--unplug",
    "unplugged",
    multiple=True,
    metavar="DEVICE",
    help="With --live: this device sends nothing from now on, no heartbeats either. Repeatable.",
)
@click.option(
    "--export",
    "export_folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Send nothing: write the days before the last open one as an older system would export "
    "them, a CSV a site with its mapping, for `passage import`.",
)
@click.option("--dry-run", is_flag=True, help="Print who would come, hour by hour; send nothing.")
def simulate(
    first: datetime | None,
    days: int | None,
    seed: int,
    scale: float,
    speed: float | None,
    registry_file: Path,
    truth_file: Path | None,
    outboxes: Path | None,
    live: bool,
    unplugged: tuple[str, ...],
    export_folder: Path | None,
    dry_run: bool,
) -> None:
    """Simulate seeded days of visitors and play them through the real devices into Kafka.

    Delivers to PASSAGE_KAFKA, topics prefixed by PASSAGE_TOPIC_PREFIX; without these, to the local
    stack. Exit codes: 0 all delivered, 1 it failed, 2 wrong use.

    \b
    passage simulate                      the last open day
    passage simulate --live --days 30     a month of history, then today as it happens
    passage simulate --live --unplug X    today, and device X falls silent
    passage simulate --export F --days 300    ten months as files, for `passage import`
    """
    with _failures_explained():
        registry = _read_registry(registry_file)
        if export_folder is not None:
            if live or speed is not None or truth_file is not None or dry_run:
                raise click.UsageError(
                    "--export sends nothing: leave out --live, --speed, --truth and --dry-run"
                )
            _export(registry, first, days or 1, seed, scale, export_folder)
            return
        if live:
            if first is not None or speed is not None or truth_file is not None or dry_run:
                raise click.UsageError(
                    "--live is today in real time and has no end: leave out --date, --speed, "
                    "--truth and --dry-run"
                )
            settings = SimulatorSettings.from_environ(with_local_stack(os.environ))
            with _quiet_devices(), _folder(outboxes) as folder:
                simulate_live(settings, registry, days or 0, seed, scale, folder, unplugged)
            return
        if unplugged:
            raise click.UsageError("--unplug is for --live")
        now = datetime.now(UTC)
        days = days or 1
        first_day = first.date() if first is not None else _latest_days(registry, days, now)
        simulation = generate(registry, first_day, days, seed, scale)
        if not dry_run:
            _check_dates(simulation, now)
            settings = SimulatorSettings.from_environ(with_local_stack(os.environ))
        if truth_file is not None:
            simulation.truth.write(truth_file)
        click.echo(
            f"{first_day}, {days} day{'s' if days > 1 else ''}, seed {seed}, scale {scale:g}"
        )
        click.echo(screen.summary(simulation.truth))
        if dry_run:
            directorates = [d.code for d in registry.directorates if d.receives_public]
            for line in screen.table(simulation.truth, directorates):
                click.echo(line)
            return
        with (
            _quiet_devices(),
            _folder(outboxes) as folder,
            screen.progress(sys.stderr, simulation.truth.time_zone) as report,
        ):
            play(simulation, settings.brokers, folder, settings.topic_prefix, speed, report)


def _export(
    registry: Registry,
    first: datetime | None,
    days: int,
    seed: int,
    scale: float,
    folder: Path,
) -> None:
    # The last open day is what `passage demo` plays: an import must not overlap with it.
    last_open = _latest_days(registry, 1, datetime.now(UTC))
    first_day = first.date() if first is not None else last_open - timedelta(days=days)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Exporting", total=days)
        paths = export(
            registry,
            [first_day + timedelta(days=number) for number in range(days)],
            folder,
            seed=seed,
            scale=scale,
            done=lambda day: bar.advance(task),
        )
    click.echo(f"passage provision registry {folder / REGISTRY}")
    for path in paths:
        click.echo(f"passage import {path} --mapping {path.with_suffix('.yaml')}")


@contextmanager
def _quiet_devices() -> Iterator[None]:
    """Each of the devices would say what ails them all; the play says it once."""
    loggers = [logging.getLogger(name) for name in ("kafka", "passage.edge")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def _failures_explained() -> Iterator[None]:
    try:
        yield
    except (EdgeError, InvalidSetting, NoOpenDay, PlayError, UnknownHolidays, OSError) as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def _folder(chosen: Path | None) -> Iterator[Path]:
    if chosen is not None:
        yield chosen
        return
    with tempfile.TemporaryDirectory(prefix="passage-simulator-") as temporary:
        yield Path(temporary)


def _read_registry(file: Path) -> Registry:
    try:
        return Registry.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError, ValidationError) as error:
        raise click.ClickException(
            f"{file} is not a registry: {error}. "
            "Remedy: `passage provision registry FILE --dry-run` says which entry is wrong"
        ) from None


def _latest_days(registry: Registry, days: int, now: datetime) -> date:
    yesterday = local_day(registry, now) - timedelta(days=1)
    try:
        last = next(open_days(registry, yesterday, backwards=True))
    except NoOpenDay as error:
        raise click.UsageError(f"{error}; give --date") from None
    return last - timedelta(days=days - 1)


def _check_dates(simulation: Simulation, now: datetime) -> None:
    if not simulation.events:
        raise click.UsageError("every site is closed on these days; choose others with --date")
    if simulation.events[-1].occurred_at > now:
        raise click.UsageError(
            "these days are not over yet, and what has not happened is not counted; "
            "choose an earlier --date"
        )
    if simulation.events[0].occurred_at < now - BACKFILL_HORIZON:
        click.echo(
            f"warning: events older than {BACKFILL_HORIZON.days} days will be refused as too old",
            err=True,
        )


if __name__ == "__main__":
    simulate(prog_name="python -m services.simulator")
