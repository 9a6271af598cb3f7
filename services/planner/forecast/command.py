"""`passage forecast`: the next weeks of a site, with intervals, beside seasonal naive."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import click
import psycopg
from rich.console import Console
from rich.progress import Progress

from services.planner import asking
from services.planner.forecast import screen
from services.planner.forecast.outlook import Outlook, TooLittleHistory, outlook
from services.planner.forecast.series import Grain, Series, flags_of, series_of
from services.planner.period import Period
from services.planner.question import BadQuestion
from services.planner.slots.calendar import SiteCalendar, days_between
from services.planner.slots.observed import Observed
from services.planner.slots.reading import (
    Place,
    read_calendar,
    read_first_day,
    read_observations,
)
from services.planner.typical.regimes import ZONES, Zone

TESTED_ORIGINS = 52
UNTESTED_ORIGINS = 12
"""Without the back-test's table: as many as the intervals need."""

LONGEST_HISTORY_DAYS = 4 * 366


@click.command()
@click.option("--site", required=True, help="Code of the site.")
@click.option("--directorate", help="Code of one directorate. Default: all.")
@click.option("--weeks", type=click.IntRange(1, 8), default=4, show_default=True)
@click.option("--by", type=click.Choice(["day", "hour"]), default="day", show_default=True)
@click.option("--from", "first", type=asking.DAY, help="First day forecast. Default: tomorrow.")
@click.option(
    "--school-zone",
    type=click.Choice([*ZONES, "none"]),
    default="C",
    show_default=True,
    help="Whose school holidays count.",
)
@click.option("--no-backtest", is_flag=True, help="Test less, and leave the table out.")
@asking.as_table_csv_or_json
def forecast(
    site: str,
    directorate: str | None,
    weeks: int,
    by: Grain,
    first: datetime | None,
    school_zone: str,
    no_backtest: bool,
    format_: str,
) -> None:
    """Forecast how many visitors will come in the next weeks.

    \b
    passage forecast --site creteil-etrangers --weeks 4 --by day
    passage forecast --site sp-lhay --directorate dmi --weeks 2 --by hour --format csv

    Beside each forecast stand the ranges in which the count falls 80 and 95 times of 100, and
    seasonal naive: the same day or hour of the last known week. The forecast is tested on the past
    each time; one that does not beat seasonal naive says so. Closed hours are never forecast. Reads
    PASSAGE_DATABASE_READER. How to read it: docs/forecast.md.
    """
    place = Place(site, directorate)
    with asking.with_remedy(), asking.reader(asking.settings(), "passage forecast") as database:
        calendar = read_calendar(database, place)
        begin = _begin(first, calendar.time_zone)
        zone: Zone | None = next((one for one in ZONES if one == school_zone), None)
        series = _series(database, place, calendar, zone, begin, weeks)
    try:
        with _bar() as (started, advance):
            found = outlook(
                series,
                begin,
                weeks,
                by,
                most_origins=UNTESTED_ORIGINS if no_backtest else TESTED_ORIGINS,
                started=started,
                advance=advance,
            )
    except TooLittleHistory as error:
        raise click.UsageError(f"{place}: {error}") from None
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"`passage forecast` needs {error.name}: pip install 'passage[forecast]'"
        ) from None
    _show(found, place, begin, format_, with_backtest=not no_backtest)


def _series(
    database: psycopg.Connection[Any],
    place: Place,
    calendar: SiteCalendar,
    zone: Zone | None,
    begin: date,
    weeks: int,
) -> Series:
    """The history before `begin`, and the open hours of the weeks from it."""
    yesterday = begin - timedelta(days=1)
    last = min(yesterday, asking.today(calendar.time_zone) - timedelta(days=1))
    until = Period(last, last, calendar.time_zone)
    since = read_first_day(database, place, until) or last
    period = Period(
        max(since, last - timedelta(days=LONGEST_HISTORY_DAYS)), last, calendar.time_zone
    )
    observed = read_observations(database, place, calendar, period, 60).slots
    if not any(one.passages for one in observed):
        raise BadQuestion(
            f"nothing is recorded of {place} before {begin}; see"
            f" `passage history --site {place.site} --period {last.year}`"
        )
    future = (
        Observed(slot, None)
        for day in days_between(last + timedelta(days=1), begin + timedelta(weeks=weeks, days=-1))
        for slot in calendar.slots(day, 60)
    )
    return series_of([*observed, *future], flags_of(calendar, zone))


def _begin(first: datetime | None, time_zone: str) -> date:
    tomorrow = asking.today(time_zone) + timedelta(days=1)
    begin = first.date() if first else tomorrow
    if begin > tomorrow:
        raise BadQuestion(
            f"--from {begin} is in the future; a forecast begins tomorrow ({tomorrow}) at the"
            " latest: leave --from out, and ask for more --weeks"
        )
    return begin


def _show(found: Outlook, place: Place, begin: date, format_: str, *, with_backtest: bool) -> None:
    aside = Console(stderr=format_ != "table")
    if format_ == "csv":
        screen.write_csv(found, sys.stdout)
    elif format_ == "json":
        screen.write_json(found, sys.stdout)
    else:
        last = found.expected[-1].day
        aside.print(
            screen.forecast_table(found, f"Passages expected at {place}, {begin} to {last}")
        )
    if with_backtest:
        aside.print(screen.backtest_table(found))
    click.echo(found.verdict, err=format_ != "table")


@contextmanager
def _bar() -> Iterator[tuple[Callable[[int], None], Callable[[], None]]]:
    """Functions to say how many steps there are, and that one is done."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("testing on the past", total=None)
        yield (
            lambda steps: bar.update(task, total=steps),
            lambda: bar.advance(task),
        )
