"""`passage typical-week`: what is usual at a site, by weekday and time of day."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import click
import psycopg
from rich.console import Console

from services.planner import asking
from services.planner.period import Period
from services.planner.question import BadQuestion
from services.planner.slots.calendar import SiteCalendar, days_between
from services.planner.slots.observed import Observations
from services.planner.slots.reading import Place, read_calendar, read_observations
from services.planner.typical import screen
from services.planner.typical.bands import bands
from services.planner.typical.normality import places
from services.planner.typical.regimes import REGIMES, ZONES, Regime, Zone, regime_of
from services.planner.typical.regimes import unknown_school_years as unknown_years
from services.planner.typical.yearly import counterpart, year_on_year

_MINUTES = {"15min": 15, "hour": 60}


@click.command(name="typical-week")
@click.option("--site", required=True, help="Code of the site.")
@click.option("--directorate", help="Code of one directorate. Default: all.")
@click.option("--from", "first", type=asking.DAY, help="First local day. Default: see --weeks.")
@click.option("--to", "last", type=asking.DAY, help="Last local day, included. Default: yesterday.")
@click.option(
    "--weeks", type=click.IntRange(1, 520), default=26, show_default=True, help="Without --from."
)
@click.option(
    "--regime",
    "regimes",
    type=click.Choice(REGIMES),
    multiple=True,
    help="Only days of this kind; repeatable. Default: all days.",
)
@click.option(
    "--school-zone",
    type=click.Choice([*ZONES, "none"]),
    default="C",
    show_default=True,
    help="Whose school holidays count.",
)
@click.option("--by", type=click.Choice([*_MINUTES]), default="hour", show_default=True)
@click.option("--day", type=asking.DAY, help="Show this day beside what is usual for it.")
@click.option(
    "--year-on-year",
    "with_year_before",
    is_flag=True,
    help="Compare the year before, per open day.",
)
@asking.as_table_csv_or_json
def typical_week(
    site: str,
    directorate: str | None,
    first: datetime | None,
    last: datetime | None,
    weeks: int,
    regimes: tuple[Regime, ...],
    school_zone: str,
    by: str,
    day: datetime | None,
    with_year_before: bool,
    format_: str,
) -> None:
    """Show how many visitors usually come, by weekday and time of day.

    \b
    passage typical-week --site sp-lhay --weeks 52 --by 15min
    passage typical-week --site creteil-etrangers --regime bridge --from 2024-01-01
    passage typical-week --site sp-lhay --day 2026-11-20 --year-on-year

    A cell gives the median, then the band in which 8 of 10 days lie (p10–p90), then in brackets
    the number of days. · is closed, ? was open but nobody knows. Reads PASSAGE_DATABASE_READER;
    times are those of the site's clock.
    """
    place = Place(site, directorate)
    zone: Zone | None = _zone(school_zone)
    minutes = _MINUTES[by]
    with asking.with_remedy(), asking.reader(asking.settings(), "passage typical-week") as database:
        calendar = read_calendar(database, place)
        period = _period(first, last, weeks, calendar.time_zone)
        regime = regime_of(calendar, zone)
        keep = _kept(regimes, regime)
        found = read_observations(database, place, calendar, period, minutes)
        if not any(one.passages for one in found.slots if keep(one.slot.day)):
            raise BadQuestion(_nothing(place, period, regimes))
        of_day = _of_day(database, place, calendar, minutes, day)
        before = ""
        if with_year_before:
            days = [one for one in days_between(period.first, period.last) if keep(one)]
            before = _year_before(database, place, calendar, days, found)
    usual = bands(found.slots, lambda one: keep(one) and not (day and one == day.date()))
    title = f"Typical week of {place}, {period}{_of(regimes)}"
    if format_ == "table":
        console = Console()
        console.print(screen.week_table(usual, title))
        if of_day:
            beside = places(of_day.slots, usual)
            console.print(screen.day_table(beside, f"{place} beside its typical week"))
        _notes(found, period, zone)
    elif of_day:
        rows = screen.day_rows(places(of_day.slots, usual))
        screen.write(rows, screen.DAY_COLUMNS, format_, sys.stdout)
    else:
        screen.write(screen.week_rows(usual), screen.COLUMNS, format_, sys.stdout)
    if before:
        click.echo(before, err=format_ != "table")


def _of_day(
    database: psycopg.Connection[Any],
    place: Place,
    calendar: SiteCalendar,
    minutes: int,
    day: datetime | None,
) -> Observations | None:
    if not day:
        return None
    asked = _past(day.date(), "--day", calendar.time_zone)
    one_day = Period(asked, asked, calendar.time_zone)
    found = read_observations(database, place, calendar, one_day, minutes)
    if not found.slots:
        raise BadQuestion(f"{place.site} is closed on {asked}; choose an open day")
    return found


def _year_before(
    database: psycopg.Connection[Any],
    place: Place,
    calendar: SiteCalendar,
    days: list[date],
    found: Observations,
) -> str:
    totals = found.day_totals()
    others = [other for day in days if (other := counterpart(day)) and other not in totals]
    if others:
        period = Period(min(others), max(others), calendar.time_zone)
        before = read_observations(database, place, calendar, period, 60)
        totals = before.day_totals() | totals
    return screen.sentence(year_on_year(days, totals))


def _kept(regimes: tuple[Regime, ...], regime: Callable[[date], Regime]) -> Callable[[date], bool]:
    return lambda day: not regimes or regime(day) in regimes


def _zone(name: str) -> Zone | None:
    return next((zone for zone in ZONES if zone == name), None)


def _period(first: datetime | None, last: datetime | None, weeks: int, time_zone: str) -> Period:
    yesterday = asking.today(time_zone) - timedelta(days=1)
    last_day = _past(last.date(), "--to", time_zone) if last else yesterday
    first_day = first.date() if first else last_day - timedelta(days=7 * weeks - 1)
    _past(first_day, "--from", time_zone)
    if last_day < first_day:
        raise BadQuestion(f"--to {last_day} is before --from {first_day}; swap the two")
    return Period(first_day, last_day, time_zone)


def _past(day: date, option: str, time_zone: str) -> date:
    today = asking.today(time_zone)
    if day >= today:
        raise BadQuestion(
            f"{option} {day} is not over; choose a day before {today}, or ask `passage forecast`"
        )
    return day


def _nothing(place: Place, period: Period, regimes: tuple[Regime, ...]) -> str:
    return (
        f"nothing is recorded of {place} in {period}{_of(regimes)}; choose a longer period, or see"
        f" `passage history --site {place.site} --from {period.first} --to {period.last}`"
    )


def _of(regimes: tuple[Regime, ...]) -> str:
    return f", days of {', '.join(regimes)}" if regimes else ""


def _notes(found: Observations, period: Period, zone: Zone | None) -> None:
    unknown = sum(one.passages is None for one in found.slots)
    if unknown:
        click.echo(f"{unknown} of {len(found.slots)} open slots are unknown and left out.")
    if found.outside:
        click.echo(f"{found.outside} passages were recorded outside the opening hours: left out.")
    years = unknown_years([period.first, period.last]) if zone else []
    if years:
        click.echo(f"School holidays of {', '.join(map(str, years))} are not known: all is term.")
