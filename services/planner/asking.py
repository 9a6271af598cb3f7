"""What every command of the planner has: the period, the choice of codes, the database, errors."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click
import psycopg

from services.planner.period import NotAPeriod, Period, named
from services.planner.question import BadQuestion
from services.planner.reference import UnknownCode
from services.planner.settings import PlannerSettings
from services.runtime.database import DatabaseUnavailable, DatabaseUrl, connect
from services.runtime.settings import InvalidSetting, with_local_stack

DAY = click.DateTime(["%Y-%m-%d"])

F = TypeVar("F", bound=Callable[..., Any])


def of_a_period(command: F) -> F:
    """The options --period, --from and --to."""
    for option in (
        click.option("--to", "last", type=DAY, help="Last local day, included. Default: --from."),
        click.option("--from", "first", type=DAY, help="First local day. Default: yesterday."),
        click.option("--period", "name", help="2025, 2025-S2, 2025-T3, 2025-10, 2025-W43, a day."),
    ):
        command = option(command)
    return command


def of_places(command: F) -> F:
    """The options --site, --directorate, --service and --channel, each as often as one likes."""
    for kind in ("channel", "service", "directorate", "site"):
        command = click.option(
            f"--{kind}", f"{kind}s", multiple=True, help=f"Code of a {kind}; repeatable. All."
        )(command)
    return command


as_table_csv_or_json = click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
)


def codes(chosen: tuple[str, ...]) -> tuple[str, ...] | None:
    """What was chosen; None, which is all, when nothing was."""
    return chosen or None


def settings() -> PlannerSettings:
    """From the environment. Raises InvalidSetting."""
    return PlannerSettings.from_environ(with_local_stack(os.environ))


def today(time_zone: str) -> date:
    """The local day of asking."""
    return datetime.now(UTC).astimezone(ZoneInfo(time_zone)).date()


def period_of(
    name: str | None, first: datetime | None, last: datetime | None, time_zone: str
) -> Period:
    """The asked period; yesterday when none was asked for. Raises click.UsageError, NotAPeriod."""
    if name:
        if first or last:
            raise click.UsageError("give either --period or --from and --to")
        return named(name, time_zone)
    first_day = first.date() if first else today(time_zone) - timedelta(days=1)
    last_day = last.date() if last else first_day
    if last_day < first_day:
        raise click.UsageError(f"--to {last_day} is before --from {first_day}; swap the two")
    return Period(first_day, last_day, time_zone)


@contextmanager
def reader(asked: PlannerSettings, application: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection as the reader role."""
    url = DatabaseUrl.parse(asked.database_reader, "PASSAGE_DATABASE_READER")
    with connect(url, application) as connection:
        yield connection


@contextmanager
def with_remedy() -> Iterator[None]:
    """Show what went wrong as a sentence: a wrong question ends with 2, everything else with 1."""
    try:
        yield
    except (InvalidSetting, BadQuestion, NotAPeriod, UnknownCode) as error:
        raise click.UsageError(str(error)) from None
    except DatabaseUnavailable as error:
        raise click.ClickException(str(error)) from None
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"this format needs {error.name}: pip install 'passage[export]'"
        ) from None
    except psycopg.Error as error:
        raise click.ClickException(f"the database refuses: {error.diag.message_primary}") from None
