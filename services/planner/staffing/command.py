"""`passage staffing`: how many desks each half hour needs."""

from __future__ import annotations

import sys
from datetime import date, datetime, timedelta

import click
import psycopg
from rich.console import Console

from services.planner.asking import DAY, as_table_csv_or_json, reader, settings, today, with_remedy
from services.planner.period import Period, named
from services.planner.question import BadQuestion
from services.planner.reference import read_reference
from services.planner.staffing import options, screen
from services.planner.staffing.answer import Answer, answer
from services.planner.staffing.cases import (
    Case,
    busiest_weekday,
    closure_case,
    move_cases,
    weekday_case,
)
from services.planner.staffing.plan import Target
from services.planner.staffing.reading import History, Place, read_history


@click.command()
@click.option("--site", required=True, help="Code of the site.")
@click.option("--directorate", help="Code of one directorate. Default: all share the desks.")
@click.option("--service", help="Code of one service. Default: all share the desks.")
@click.option("--weekday", type=click.Choice(options.WEEKDAYS), help="Default: the busiest.")
@click.option("--period", "name", help="What is measured: 2025, 2025-S2, 2025-T3, 2025-10.")
@click.option("--from", "first", type=DAY, help="First local day measured. Default: see --weeks.")
@click.option("--to", "last", type=DAY, help="Last local day measured. Default: yesterday.")
@click.option(
    "--weeks", type=click.IntRange(1, 520), default=13, show_default=True, help="Without --from."
)
@click.option(
    "--target",
    type=options.TargetType(),
    default="80/20min",
    show_default=True,
    help="Share of the visitors of every half hour called within a time.",
)
@click.option(
    "--between",
    "between_min",
    type=click.FloatRange(0, 60),
    default=1.0,
    show_default=True,
    help="Minutes of a desk between two visitors; nothing measures them.",
)
@click.option("--desks", type=options.DesksType(), help="What if: 4, or 8,6,6,5 by half hour.")
@click.option("--demand", "factor", type=options.DemandType(), help="What if: +20% or -10%.")
@click.option("--close", "closed_day", type=DAY, help="What if: its visitors come the day after.")
@click.option("--move", type=options.MoveType(), help="What if: SERVICE:SITE, a bureau moves.")
@as_table_csv_or_json
def staffing(
    site: str,
    directorate: str | None,
    service: str | None,
    weekday: str | None,
    name: str | None,
    first: datetime | None,
    last: datetime | None,
    weeks: int,
    target: Target,
    between_min: float,
    desks: tuple[int, ...] | None,
    factor: float | None,
    closed_day: datetime | None,
    move: tuple[str, str] | None,
    format_: str,
) -> None:
    """Say how many desks each half hour needs, from measured arrivals, services and patience.

    \b
    passage staffing --site creteil-etrangers --directorate dmi --target 80/20min
    passage staffing --site sp-lhay --weekday mon --desks 4 --demand +20%
    passage staffing --site sp-lhay --close 2026-12-24
    passage staffing --site creteil-etrangers --move remise-titres:sp-lhay

    Erlang C and A take each half hour alone. The plan also carries the crowd at the opening and the
    queue from one half hour to the next. Reads PASSAGE_DATABASE_READER. What the figures mean, and
    how far they are off: docs/staffing.md.
    """
    if move and (service or closed_day or desks):
        raise click.UsageError("--move goes with none of --service, --close and --desks")
    if closed_day and weekday:
        raise click.UsageError("--close chooses the weekday itself; leave --weekday out")
    if name and (first or last):
        raise click.UsageError("give either --period or --from and --to")
    place = Place(site, directorate, service)
    between_s = between_min * 60
    with with_remedy():
        with reader(settings(), "passage staffing") as connection:
            reference = read_reference(connection)
            reference.check("site", (site, move[1]) if move else (site,))
            reference.check("directorate", (directorate,) if directorate else None)
            reference.check("service", tuple(one for one in (service, move and move[0]) if one))
            time_zone = reference.time_zones[site]
            period = _period(name, first, last, weeks, time_zone, today(time_zone))
            history = _read(connection, place, period)
            if closed_day:
                cases = [closure_case(history, closed_day.date(), between_s)]
            else:
                number = (
                    options.WEEKDAYS.index(weekday) + 1
                    if weekday
                    else busiest_weekday(history, between_s)
                )
                if move:
                    other = read_history(connection, Place(move[1], directorate), period)
                    cases = move_cases(history, other, move[0], number, between_s)
                else:
                    cases = [weekday_case(history, number, between_s)]
        if factor is not None:
            cases = [case.scaled(factor) for case in cases]
        answered = [(case, _answer(case, target, desks)) for case in cases]
    _show(answered, target, between_s, format_, given=desks is not None)


def _show(
    answered: list[tuple[Case, Answer]],
    target: Target,
    between_s: float,
    format_: str,
    *,
    given: bool,
) -> None:
    rows = []
    for case, found in answered:
        weekday = options.WEEKDAYS[case.iso_weekday - 1]
        rows += list(screen.rows(case.title, weekday, case.demand, found))
        if format_ == "table":
            Console().print(screen.staffing_table(case.title, found, target, given=given))
        for line in screen.notes(case.demand, case.days, found, target, between_s):
            click.echo(line, err=format_ != "table")
    if format_ == "csv":
        screen.write_csv(rows, sys.stdout)
    elif format_ == "json":
        screen.write_json(rows, sys.stdout)


def _read(
    connection: psycopg.Connection[tuple[object, ...]], place: Place, period: Period
) -> History:
    history = read_history(connection, place, period)
    if not history.rows:
        raise BadQuestion(
            f"nothing is recorded of {place} in {period}; choose another period, or see "
            f"`passage history --site {place.site} --from {period.first} --to {period.last}`"
        )
    return history


def _answer(case: Case, target: Target, desks: tuple[int, ...] | None) -> Answer:
    try:
        return answer(case.demand, target, desks)
    except ValueError as error:
        raise BadQuestion(f"--desks: {error}") from None


def _period(
    name: str | None,
    first: datetime | None,
    last: datetime | None,
    weeks: int,
    time_zone: str,
    now: date,
) -> Period:
    """The asked days as far as they are over. Raises BadQuestion when none is, NotAPeriod."""
    yesterday = now - timedelta(days=1)
    if name:
        period = named(name, time_zone)
        first_day, last_day = period.first, period.last
    else:
        last_day = last.date() if last else yesterday
        first_day = first.date() if first else last_day - timedelta(days=7 * weeks - 1)
    if last_day < first_day:
        raise BadQuestion(f"--to {last_day} is before --from {first_day}; swap the two")
    if first_day > yesterday:
        raise BadQuestion(
            f"no day from {first_day} on is over: a plan rests on what was measured; --to "
            f"{yesterday} is the last day that can be used"
        )
    return Period(first_day, min(last_day, yesterday), time_zone)
