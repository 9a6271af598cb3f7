"""`passage history`: how many came and how long they waited, over any period."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

import click
import psycopg
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from services.planner.answer import answer, pairs
from services.planner.asking import (
    codes,
    of_a_period,
    of_places,
    period_of,
    reader,
    settings,
    with_remedy,
)
from services.planner.asking import today as today_in
from services.planner.comparison import AGAINST, Against
from services.planner.export import FORMATS, WRITERS, Format, columns
from services.planner.period import GRAINS, Grain
from services.planner.question import DIMENSIONS, Dimension, Question, check
from services.planner.reference import read_reference
from services.planner.terminal import grid, grid_table, list_table
from services.planner.transfers import COLUMNS, Transfers, lines, matrix
from services.planner.transfers import transfers as read_transfers

T = TypeVar("T")


@click.command()
@of_a_period
@of_places
@click.option("--by", "grain", type=click.Choice(GRAINS), default="hour", show_default=True)
@click.option(
    "--split",
    type=click.Choice(DIMENSIONS),
    multiple=True,
    default=("directorate",),
    show_default=True,
    help="Dimension that gets rows of its own; repeatable.",
)
@click.option(
    "--total",
    is_flag=True,
    help="No split: one row for each piece of time, over all that is asked.",
)
@click.option(
    "--compare",
    "against",
    type=click.Choice(AGAINST),
    help="Beside it: the period before, or the same ISO weeks (months, …) of the year before.",
)
@click.option("--waits", is_flag=True, help="How long people waited, beside how many came.")
@click.option("--coverage", is_flag=True, help="How much was seen of each piece of time.")
@click.option(
    "--transfers",
    is_flag=True,
    help="Who was sent on, from which directorate to which; files have the services.",
)
@click.option("--publish", is_flag=True, help="Hide counts under 5, and what gives them away.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", *FORMATS]),
    default="table",
    show_default=True,
    help="All but table have every figure.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write, in one piece or not at all. Default: standard output.",
)
def history(
    name: str | None,
    first: datetime | None,
    last: datetime | None,
    sites: tuple[str, ...],
    directorates: tuple[str, ...],
    services: tuple[str, ...],
    channels: tuple[str, ...],
    grain: str,
    split: tuple[str, ...],
    total: bool,
    against: str | None,
    waits: bool,
    coverage: bool,
    transfers: bool,
    publish: bool,
    format_: str,
    output: Path | None,
) -> None:
    """Show how many visitors came: any period, by hour up to year.

    \b
    passage history --from 2026-11-16 --coverage
    passage history --period 2026-10 --by day --site sp-lhay --format csv
    passage history --period 2026-S1 --by month --compare last-year
    passage history --period 2026 --by week --split site --split service \\
        --format xlsx --output 2026.xlsx
    passage history --period 2026-10 --transfers

    In the table, 0 means that nobody came, ? that no device was heard (unknown, not zero), s that a
    small count is suppressed, and · that it was closed. Reads PASSAGE_DATABASE_READER; days are
    those of PASSAGE_TIME_ZONE (Europe/Paris).

    Exit codes: 0 answered (also with nothing recorded), 1 no database, 2 a wrong question.
    """
    if publish and (against or waits):
        raise click.UsageError("--publish hides small counts of passages only; ask it alone")
    if transfers and (against or waits or coverage or publish):
        raise click.UsageError(
            "--transfers is an answer of its own; leave --compare, --waits, --coverage and"
            " --publish out"
        )
    compare, to = cast(Against | None, against), cast(Format, format_)
    with with_remedy():
        asked = settings()
        question = Question(
            period_of(name, first, last, asked.time_zone),
            cast(Grain, grain),
            () if total else cast(tuple[Dimension, ...], split),
            codes(sites),
            codes(directorates),
            codes(services),
            codes(channels),
        )
        with reader(asked, "passage history") as connection:
            check(question, read_reference(connection), today_in(asked.time_zone))
            if transfers:
                found = read_transfers(connection, question)
                if format_ == "table":
                    _print_transfers(found, question)
                    return
                with _stream(to, output) as stream:
                    WRITERS[to](COLUMNS, _shown(lines(found)), stream)
                return
            if format_ == "table":
                _print(connection, question, compare, waits, coverage, publish)
                return
            names = columns(question, published=publish, with_other=compare is not None)
            with (
                answer(connection, question, against=compare, publish=publish) as answered,
                _stream(to, output) as stream,
            ):
                WRITERS[to](names, _shown(answered), stream)


def _print(
    connection: psycopg.Connection[object],
    question: Question,
    against: Against | None,
    waits: bool,
    coverage: bool,
    publish: bool,
) -> None:
    found = pairs(connection, question, against)
    rows = [pair.row for pair in found]
    if not any(row.measures for row in rows):
        click.echo(f"Nothing is recorded of {question.period}.", err=True)
    if not rows:
        return
    title = f"Passages by {question.grain}, {question.period}"
    if against or waits:
        table = list_table(
            found,
            title,
            with_waits=waits,
            with_other=against is not None,
            with_coverage=coverage,
        )
    else:
        table = grid_table(grid(rows, suppressed=publish), title, with_coverage=coverage)
    Console().print(table)


def _print_transfers(found: Sequence[Transfers], question: Question) -> None:
    if not found:
        click.echo(f"Nobody is recorded as sent on, {question.period}.", err=True)
        return
    Console().print(matrix(found, f"Sent on from one directorate to another, {question.period}"))


@contextmanager
def _stream(format_: Format, output: Path | None) -> Iterator[BinaryIO]:
    if output is None:
        if format_ in ("parquet", "xlsx") and sys.stdout.isatty():
            raise click.UsageError(f"{format_} is not for a terminal; give --output FILE")
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    draft = output.with_name(f".{output.name}.part")
    try:
        with draft.open("wb") as stream:
            yield stream
        draft.replace(output)
    except OSError as error:
        raise click.ClickException(f"cannot write {output}: {error.strerror}") from None
    finally:
        draft.unlink(missing_ok=True)


def _shown(found: Iterable[T]) -> Iterator[T]:
    """Count the lines on a terminal while they are written."""
    console = Console(stderr=True)
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.completed} lines"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task("", total=None)
        for one in found:
            yield one
            bar.advance(task)
