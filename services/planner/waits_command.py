"""`passage waits`: how long people waited, those who still wait included."""

from __future__ import annotations

from datetime import datetime

import click
from rich.console import Console

from services.planner.asking import of_a_period, period_of, reader, settings, today, with_remedy
from services.planner.question import check_period
from services.planner.reference import read_reference
from services.planner.waits import KEPT_DAYS, waits_table
from services.planner.waits import waits as read_waits


@click.command()
@of_a_period
@click.option("--site", help="Code of one site. Default: all.")
def waits(
    name: str | None, first: datetime | None, last: datetime | None, site: str | None
) -> None:
    """Show how long people waited until they were first called, by directorate.

    Who still waits is counted apart, and widens a share into a range: the truth lies within it.
    Who was never called is known as far back as visits are kept (90 days, if `passage purge` was
    told nothing else); waits that ended are known for ever.
    Thresholds and their sources are those of the registry.
    """
    with with_remedy():
        asked = settings()
        period = period_of(name, first, last, asked.time_zone)
        check_period(period, today(asked.time_zone))
        with reader(asked, "passage waits") as connection:
            read_reference(connection).check("site", (site,) if site else None)
            thresholds, found = read_waits(connection, period, sites=(site,) if site else None)
    if not found:
        click.echo(f"No wait is recorded of {period}.", err=True)
        return
    Console().print(waits_table(thresholds, found, f"Waits to the first call, {period}"))
    if (today(asked.time_zone) - period.first).days > KEPT_DAYS:
        click.echo(
            f"Still waiting: as far back as visits are kept ({KEPT_DAYS} days by default); who was"
            " never called before that is in no figure."
        )
    for threshold in thresholds:
        click.echo(f"≤ {threshold.value_s // 60} min: {threshold.source}")
