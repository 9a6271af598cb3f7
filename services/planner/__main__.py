"""`python -m services.planner`; also `passage history` and `passage waits`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click
import psycopg
from rich.console import Console

from services.planner.flow_export import write_csv, write_json
from services.planner.flow_table import flow_table, grid
from services.planner.history import Period, hour_status, hourly_flow
from services.planner.settings import PlannerSettings
from services.planner.waits import waits as read_waits
from services.planner.waits import waits_table
from services.runtime.database import DatabaseUnavailable, DatabaseUrl, connect
from services.runtime.settings import InvalidSetting, with_local_stack

_DAY = click.DateTime(["%Y-%m-%d"])

F = TypeVar("F", bound=Callable[..., Any])


def _asked(command: F) -> F:
    """The options that every question has."""
    for option in (
        click.option("--site", help="Code of one site. Default: all."),
        click.option("--to", "last", type=_DAY, help="Last local day, included. Default: --from."),
        click.option("--from", "first", type=_DAY, help="First local day. Default: yesterday."),
    ):
        command = option(command)
    return command


@click.command()
@_asked
@click.option("--directorate", help="Code of one directorate. Default: all.")
@click.option("--coverage", is_flag=True, help="Say of each hour how much was seen of it.")
@click.option("--publish", is_flag=True, help="Hide counts under 5, and what gives them away.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
)
def history(
    first: datetime | None,
    last: datetime | None,
    site: str | None,
    directorate: str | None,
    coverage: bool,
    publish: bool,
    format_: str,
) -> None:
    """Show how many visitors came, by hour and directorate.

    \b
    passage history --from 2026-11-16 --coverage
    passage history --from 2026-11-01 --to 2026-11-30 --site sp-lhay --format csv

    In the table, 0 means that nobody came, ? that no device was heard (unknown, not zero), and s
    that a small count is suppressed. Reads PASSAGE_DATABASE_READER; days are those of
    PASSAGE_TIME_ZONE (Europe/Paris).
    """
    with _reader(first, last) as (connection, period):
        flow = hourly_flow(connection, period, site=site, directorate=directorate)
        status = hour_status(connection, period, site=site)
    if not flow and not any(not hour.is_unknown for hour in status):
        click.echo(f"Nothing is recorded of {period}.", err=True)
    laid_out = grid(flow, status, suppressed=publish)
    if format_ == "csv":
        write_csv(laid_out, sys.stdout)
    elif format_ == "json":
        write_json(laid_out, sys.stdout)
    elif laid_out.hours:
        title = f"Passages by hour and directorate, {period}"
        Console().print(flow_table(laid_out, title, with_coverage=coverage))


@click.command()
@_asked
def waits(first: datetime | None, last: datetime | None, site: str | None) -> None:
    """Show how long people waited until they were first called, by directorate.

    Who still waits is counted apart, and widens a share into a range: the truth lies within it.
    Thresholds and their sources are those of the registry.
    """
    with _reader(first, last) as (connection, period):
        thresholds, found = read_waits(connection, period, site=site)
    if not found:
        click.echo(f"No wait is recorded of {period}.", err=True)
        return
    Console().print(waits_table(thresholds, found, f"Waits to the first call, {period}"))
    for threshold in thresholds:
        click.echo(f"≤ {threshold.value_s // 60} min: {threshold.source}")


@contextmanager
def _reader(
    first: datetime | None, last: datetime | None
) -> Iterator[tuple[psycopg.Connection[Any], Period]]:
    try:
        settings = PlannerSettings.from_environ(with_local_stack(os.environ))
        period = _period(first, last, settings.time_zone)
        url = DatabaseUrl.parse(settings.database_reader, "PASSAGE_DATABASE_READER")
        with connect(url, "passage history") as connection:
            yield connection, period
    except InvalidSetting as error:
        raise click.UsageError(str(error)) from None
    except DatabaseUnavailable as error:
        raise click.ClickException(str(error)) from None
    except psycopg.Error as error:
        raise click.ClickException(f"the database refuses: {error.diag.message_primary}") from None


def _period(first: datetime | None, last: datetime | None, time_zone: str) -> Period:
    today = datetime.now(UTC).astimezone(ZoneInfo(time_zone)).date()
    first_day = first.date() if first else today - timedelta(days=1)
    last_day = last.date() if last else first_day
    if last_day < first_day:
        raise click.UsageError(f"--to {last_day} is before --from {first_day}")
    return Period(first_day, last_day, time_zone)


@click.group(name="planner")
def group() -> None:
    """Ask the history."""


for command in (history, waits):
    group.add_command(command)

if __name__ == "__main__":
    group(prog_name="python -m services.planner")
