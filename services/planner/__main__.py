"""`python -m services.planner`, which is also `passage history`."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import click
from rich.console import Console

from services.planner.flow_table import flow_table, write_csv
from services.planner.history import Period, hourly_flow
from services.planner.settings import PlannerSettings
from services.runtime.database import DatabaseUnavailable, DatabaseUrl, connect
from services.runtime.settings import InvalidSetting, with_local_stack

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command(name="history")
@click.option("--from", "first", type=_DAY, help="First local day. Default: yesterday.")
@click.option("--to", "last", type=_DAY, help="Last local day, included. Default: the first.")
@click.option("--site", help="Code of one site. Default: all.")
@click.option("--directorate", help="Code of one directorate. Default: all.")
@click.option(
    "--format", "format_", type=click.Choice(["table", "csv"]), default="table", show_default=True
)
def history(
    first: datetime | None,
    last: datetime | None,
    site: str | None,
    directorate: str | None,
    format_: str,
) -> None:
    """Show how many visitors came, by hour and directorate.

    \b
    passage history --from 2026-11-16
    passage history --from 2026-11-01 --to 2026-11-30 --site sp-lhay --format csv

    Reads PASSAGE_DATABASE_READER; days are those of PASSAGE_TIME_ZONE (Europe/Paris).
    """
    try:
        settings = PlannerSettings.from_environ(with_local_stack(os.environ))
        period = _period(first, last, settings.time_zone)
        url = DatabaseUrl.parse(settings.database_reader, "PASSAGE_DATABASE_READER")
        with connect(url, "passage history") as connection:
            flow = hourly_flow(connection, period, site=site, directorate=directorate)
    except InvalidSetting as error:
        raise click.UsageError(str(error)) from None
    except DatabaseUnavailable as error:
        raise click.ClickException(str(error)) from None
    if format_ == "csv":
        write_csv(flow, sys.stdout)
    elif flow:
        days = (
            f"{period.first}" if period.first == period.last else f"{period.first} to {period.last}"
        )
        Console().print(flow_table(flow, f"Passages by hour and directorate, {days}"))
    else:
        click.echo(f"No passage is recorded from {period.first} to {period.last}.", err=True)


def _period(first: datetime | None, last: datetime | None, time_zone: str) -> Period:
    today = datetime.now(UTC).astimezone(ZoneInfo(time_zone)).date()
    first_day = first.date() if first else today - timedelta(days=1)
    last_day = last.date() if last else first_day
    if last_day < first_day:
        raise click.UsageError(f"--to {last_day} is before --from {first_day}")
    return Period(first_day, last_day, time_zone)


if __name__ == "__main__":
    history(prog_name="python -m services.planner")
