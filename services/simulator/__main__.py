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
from typing import Annotated
from zoneinfo import ZoneInfo

import click
import yaml
from pydantic import Field, ValidationError

from schemas.registry import Registry
from services.core.decisions import BACKFILL_HORIZON
from services.edge.errors import EdgeError
from services.runtime.settings import (
    BrokerAddresses,
    InvalidSetting,
    Settings,
    with_local_stack,
)
from services.simulator import screen
from services.simulator.opening import UnknownHolidays, opening
from services.simulator.play import PlayError, play
from services.simulator.simulation import Simulation, generate

_LONGEST_CLOSURE_DAYS = 60


class SimulatorSettings(Settings):
    """Where the simulated devices deliver."""

    kafka: Annotated[BrokerAddresses, Field(description="host:port[,host:port] of the brokers")]
    topic_prefix: Annotated[
        str,
        Field(pattern=r"^[A-Za-z0-9._-]{0,100}$", description="text put before the topics' names"),
    ] = ""


@click.command()
@click.option(
    "--date",
    "first",
    type=click.DateTime(["%Y-%m-%d"]),
    help="First local day. Default: the last open day before today, or the days up to it.",
)
@click.option("--days", type=click.IntRange(1, 3660), default=1, show_default=True)
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
@click.option("--dry-run", is_flag=True, help="Print who would come, hour by hour; send nothing.")
def simulate(
    first: datetime | None,
    days: int,
    seed: int,
    scale: float,
    speed: float | None,
    registry_file: Path,
    truth_file: Path | None,
    outboxes: Path | None,
    dry_run: bool,
) -> None:
    """Simulate seeded days of visitors and play them through the real devices into Kafka.

    Delivers to PASSAGE_KAFKA, topics prefixed by PASSAGE_TOPIC_PREFIX; without these, to the local
    stack. Exit codes: 0 all delivered, 1 it failed, 2 wrong use.
    """
    with _failures_explained():
        registry = _read_registry(registry_file)
        now = datetime.now(UTC)
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
        # Each of the devices would say what ails them all; `play` says it once.
        for name in ("kafka", "passage.edge"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        with (
            _folder(outboxes) as folder,
            screen.progress(sys.stderr, simulation.truth.time_zone) as report,
        ):
            play(simulation, settings.kafka, folder, settings.topic_prefix, speed, report)


@contextmanager
def _failures_explained() -> Iterator[None]:
    try:
        yield
    except (EdgeError, InvalidSetting, PlayError, UnknownHolidays, OSError) as error:
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
    day = now.astimezone(ZoneInfo(registry.sites[0].time_zone)).date()
    for _ in range(_LONGEST_CLOSURE_DAYS):
        day -= timedelta(days=1)
        if any(opening(site, day) for site in registry.sites):
            return day - timedelta(days=days - 1)
    raise click.UsageError(
        f"no site of the registry was open in the last {_LONGEST_CLOSURE_DAYS} days; give --date"
    )


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
