"""`passage import`: the exports of an older system, as visits or as hourly counts."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar
from zoneinfo import ZoneInfo

import click
import psycopg
from rich.console import Console
from rich.progress import Progress

from services.audit.settings import AuditSettings
from services.importer.errors import ImportRefused
from services.importer.inspection import inspect as inspect_file
from services.importer.local_times import LocalClock
from services.importer.mapping import load_mapping
from services.importer.plan import MonthChange
from services.importer.reading import Reading, read_files
from services.importer.rows import Place
from services.importer.run import (
    Plan,
    carry_out,
    complete,
    find_source,
    hold_to_site,
    make_plan,
    make_undo,
    open_store,
    place_of,
    take_out,
)
from services.importer.screen import bad_table, plan_table, print_tables, read_table, runs_table
from services.importer.store import SQL, ImportStore
from services.runtime.database import DatabaseUnavailable, DatabaseUrl, unavailable
from services.runtime.registry import NoRegistry
from services.runtime.settings import InvalidSetting, with_local_stack

INTERRUPTED = 130
_FILE = click.Path(dir_okay=False, path_type=Path)

T = TypeVar("T")


class _Files(click.Group):
    """`passage import FILE…` without a word between: what is no subcommand is a file."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands:
            return "files", self.commands["files"], args
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # An option first (`--mapping m.yaml file.csv`) is one of `files` too.
        if args and args[0].startswith("-") and args[0] != "--help":
            args = ["files", *args]
        return super().parse_args(ctx, args)


@click.group(name="import", cls=_Files)
def import_() -> None:
    """Bring in what an older system counted, from its CSV or XLSX exports.

    \b
    passage import inspect FILE                      what a file is, and a draft mapping
    passage import FILE… --mapping M.yaml --dry-run  what is bad, and what would change
    passage import FILE… --mapping M.yaml            change it
    passage import list, passage import undo SOURCE

    What was interrupted goes on when it is run again, what is in changes nothing, and a corrected
    file replaces what the same source gave before. See docs/import.md.
    """


@import_.command()
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.option("--mapping", "mapping_file", required=True, type=_FILE, help="What columns mean.")
@click.option("--dry-run", is_flag=True, help="Say what is bad and what would change.")
@click.option("--skip-bad-rows", is_flag=True, help="Import the good rows of files with bad ones.")
@click.option("--replace", is_flag=True, help="Replace days that files of other names gave.")
@click.option("--partly-covered", is_flag=True, help="Other devices recorded on these days too.")
def files(
    files: tuple[Path, ...],
    mapping_file: Path,
    dry_run: bool,
    skip_bad_rows: bool,
    replace: bool,
    partly_covered: bool,
) -> None:
    """Import FILES, all of one source and with one mapping.

    Exit codes: 0 done, or nothing to do; 2 refused (bad rows, wrong file, mapping or registry), and
    nothing was changed; 1 it could not be done; 130 interrupted, whole months are in.
    """

    async def work(url: str) -> None:
        mapping = load_mapping(mapping_file)
        async with open_store(url) as (store, registry):
            device, site = find_source(registry, mapping.source)
            now = datetime.now(UTC)
            place = place_of(registry, site, mapping, now)
            size = sum(path.stat().st_size for path in files if path.is_file())
            with _bar("Reading", size) as advance:
                reading = read_files(files, mapping, place, site, advance)
            print_tables(sys.stdout, read_table(reading))
            _refuse_bad_rows(reading, skip_bad_rows)
            if not reading.days:
                raise ImportRefused("no good row is left: nothing to import")
            imports = ImportStore(store, mapping.source, site, place)
            await imports.lock()
            await hold_to_site(imports, registry, device, reading, partly_covered=partly_covered)
            plan = await make_plan(imports, reading, replace=replace)
            _tell_closed(plan)
            if plan.is_empty:
                click.echo(f"All is in already: nothing to change at {site.code}.")
                if not dry_run:
                    await complete(imports, plan, reading, now)
                return
            if not dry_run:
                with _months("Importing", plan) as done:
                    await carry_out(imports, plan, reading, files, mapping, now, done)
            print_tables(sys.stdout, plan_table(plan, is_done=not dry_run))
            click.echo("Nothing was changed." if dry_run else "Imported.")

    _run(work)


@import_.command()
@click.argument("file", type=_FILE)
@click.option("--header-rows", type=click.IntRange(1, 3), help="Rows of the header.")
@click.option("--skip-rows", type=click.IntRange(0), default=0, help="Lines above the header.")
@click.option("--sheet", help="The sheet of a workbook.")
def inspect(file: Path, header_rows: int | None, skip_rows: int, sheet: str | None) -> None:
    """Say what FILE seems to be, with its columns, and print a draft of a mapping."""
    try:
        click.echo(inspect_file(file, header_rows, skip_rows, sheet), nl=False)
    except ImportRefused as error:
        _refuse(error)


@import_.command(name="list")
def list_() -> None:
    """Every import that is in, and whether it is complete."""

    async def work(url: str) -> None:
        async with open_store(url) as (store, _):
            rows = await (await store.connection.execute(SQL["list"])).fetchall()
        if rows:
            print_tables(sys.stdout, runs_table(rows))
        else:
            click.echo("Nothing was imported yet.")

    _run(work)


@import_.command()
@click.argument("source")
@click.option("--dry-run", is_flag=True, help="Say what would go, and change nothing.")
def undo(source: str, dry_run: bool) -> None:
    """Take everything out again that SOURCE gave."""

    async def work(url: str) -> None:
        async with open_store(url) as (store, registry):
            _, site = find_source(registry, source)
            clock = LocalClock(ZoneInfo(site.time_zone), "refuse")
            place = Place(site.code, clock, registry.services, False, datetime.now(UTC))
            imports = ImportStore(store, source, site, place)
            await imports.lock()
            plan = await make_undo(imports)
            if plan.is_empty:
                click.echo(f"Nothing of {source} is in.")
                return
            if not dry_run:
                with _months("Taking out", plan) as done:
                    await take_out(imports, plan, done)
            print_tables(sys.stdout, plan_table(plan, is_done=not dry_run))

    _run(work)


def _refuse_bad_rows(reading: Reading, skip: bool) -> None:
    bad = sum(reading.findings.bad.values())
    if not bad:
        return
    print_tables(sys.stdout, bad_table(reading))
    if not skip:
        raise ImportRefused(
            f"{bad} bad rows: nothing was changed; correct the mapping or the files, or say"
            " --skip-bad-rows to import the others"
        )


def _tell_closed(plan: Plan) -> None:
    if plan.closed:
        day, reason = plan.closed[0]
        click.echo(
            f"On {len(plan.closed)} of the days the site was closed by the registry (first {day},"
            f" {reason}): their figures are imported; check the closures."
        )


def _run(work: Callable[[str], Awaitable[T]]) -> T:
    try:
        url = AuditSettings.from_environ(with_local_stack(os.environ)).database_writer
        address = DatabaseUrl.parse(url, "PASSAGE_DATABASE_WRITER")
        try:
            return asyncio.run(_interruptible(work(url)))
        except psycopg.OperationalError as error:
            raise unavailable(address, error) from None
    except InvalidSetting as error:
        raise click.UsageError(str(error)) from None
    except ImportRefused as error:
        _refuse(error)
    except (DatabaseUnavailable, NoRegistry) as error:
        raise click.ClickException(str(error)) from None
    except psycopg.Error as error:
        raise click.ClickException(f"the database refuses: {error.diag.message_primary}") from None
    except KeyboardInterrupt:
        click.echo("Interrupted; whole months are in: run the same again to go on.", err=True)
        sys.exit(INTERRUPTED)


async def _interruptible(work: Awaitable[T]) -> T:
    """The work's result; whatever fails once a person has interrupted it is the interruption."""
    try:
        return await work
    except psycopg.Error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError from None
        raise


def _refuse(error: ImportRefused) -> NoReturn:
    click.echo(f"Error: {error}", err=True)
    sys.exit(2)


@contextmanager
def _bar(title: str, total: int) -> Iterator[Callable[[int], None]]:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done: bar.update(task, completed=done)


@contextmanager
def _months(title: str, plan: Plan) -> Iterator[Callable[[MonthChange], None]]:
    done = 0
    with _bar(title, len(plan.months)) as advance:

        def one_more(_: Any) -> None:
            nonlocal done
            done += 1
            advance(done)

        yield one_more


if __name__ == "__main__":
    import_(prog_name="python -m services.importer.command")
