"""`python -m services.audit`; also `passage audit`, `passage rebuild`, `passage purge`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import click
import psycopg
from rich.console import Console
from rich.progress import Progress

from services.audit.audit import audit as run_audit
from services.audit.audit import extent, unbalanced
from services.audit.days import day_differences, days, mend_days, portions
from services.audit.purge import KEPT_DAYS, cutoff
from services.audit.purge import purge as run_purge
from services.audit.rebuild import rebuild as run_rebuild
from services.audit.settings import AuditSettings, PurgeSettings
from services.core.decisions import RegistryIndex
from services.processor.store import Store
from services.runtime.database import DatabaseUnavailable, DatabaseUrl, unavailable
from services.runtime.registry import NoRegistry, read_registry_async
from services.runtime.settings import InvalidSetting, with_local_stack

_MOST_SHOWN = 50
_INSTANT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])

T = TypeVar("T")


@asynccontextmanager
async def _connection(url: str, setting: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    address = DatabaseUrl.parse(url, setting)
    try:
        connection = await psycopg.AsyncConnection.connect(
            **address.parameters("passage audit"), autocommit=True
        )
    except psycopg.OperationalError as error:
        raise unavailable(address, error) from None
    async with connection:
        await connection.execute("SET timezone = 'UTC'")
        yield connection


def _run(work: Callable[[], Awaitable[T]]) -> T:
    try:
        return asyncio.run(work())  # type: ignore[arg-type]
    except InvalidSetting as error:
        raise click.UsageError(str(error)) from None
    except (DatabaseUnavailable, NoRegistry) as error:
        raise click.ClickException(str(error)) from None
    except psycopg.Error as error:
        raise click.ClickException(f"the database refuses: {error.diag.message_primary}") from None


@contextmanager
def _bar(title: str, from_at: datetime, to_at: datetime) -> Iterator[Callable[[datetime], None]]:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=(to_at - from_at).total_seconds())
        yield lambda up_to: bar.update(task, completed=(up_to - from_at).total_seconds())


async def _range(
    connection: psycopg.AsyncConnection[Any], first: datetime | None, last: datetime | None
) -> tuple[datetime, datetime] | None:
    """The wished range, as far as it can be recomputed."""
    whole = await extent(connection)
    if whole is None:
        return None
    from_at = max(whole[0], _utc(first) or whole[0])
    to_at = min(whole[1], _utc(last) or whole[1])
    return (from_at, to_at) if from_at < to_at else None


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at else None


_from = click.option("--from", "first", type=_INSTANT, help="First instant, UTC. Default: all.")
_to = click.option("--to", "last", type=_INSTANT, help="End, UTC, not included. Default: now.")


@click.command()
@_from
@_to
def audit(first: datetime | None, last: datetime | None) -> None:
    """Recompute every bucket from the visits and from the raw events; print every difference.

    Days are held to their buckets, also where visits and events were purged.
    Changes nothing, and may run beside the pipeline. Reads PASSAGE_DATABASE_WRITER's database.
    Exit codes: 0 no difference, 1 differences (or it could not be done).
    """

    async def work() -> int:
        settings = AuditSettings.from_environ(with_local_stack(os.environ))
        async with _connection(settings.database_writer, "PASSAGE_DATABASE_WRITER") as connection:
            registry = RegistryIndex((await read_registry_async(connection))[1])
            span = await _range(connection, first, last)
            kept_days = await days(connection, _utc(first), _utc(last))
            if span is None and kept_days is None:
                click.echo("There is nothing to audit in this range.")
                return 0
            found = 0

            def show(differences: Sequence[object]) -> None:
                nonlocal found
                for one in differences[: max(0, _MOST_SHOWN - found)]:
                    click.echo(one)
                found += len(differences)

            if span is not None:
                with _bar("Auditing", *span) as done:
                    async for up_to, differences in run_audit(connection, registry, *span):
                        done(up_to)
                        show(differences)
            for portion in portions(*kept_days) if kept_days else ():
                show(await day_differences(connection, *portion))
            lines = await unbalanced(connection)
            for line in lines:
                click.echo(f"ledger does not balance: {line}")
            if found or lines:
                click.echo(f"{found} differences. `passage rebuild` makes buckets and days anew.")
                return 1
            if span is not None:
                click.echo(f"No difference from {span[0]} to {span[1]}; the ledger balances.")
            if kept_days is not None:
                click.echo(f"Days {kept_days[0]} to {kept_days[1]} are the sums of their buckets.")
            return 0

    sys.exit(_run(work))


@click.command()
@_from
@_to
@click.option("--dry-run", is_flag=True, help="Say what would be mended, and mend nothing.")
def rebuild(first: datetime | None, last: datetime | None, dry_run: bool) -> None:
    """Make the visits and buckets of a range again from the raw events, while the pipeline runs.

    Days that are not the sums of their buckets are counted anew, however old.

    Changes of final buckets are logged as restatements with the cause `rebuild`.
    """

    async def work() -> None:
        settings = AuditSettings.from_environ(with_local_stack(os.environ))
        store = await Store.connect(settings.database_writer)
        try:
            connection = store.connection
            registry = RegistryIndex((await read_registry_async(connection))[1])
            span = await _range(connection, first, last)
            verb = "Would mend" if dry_run else "Mended"
            if span is None:
                click.echo("There are no events to rebuild from in this range.")
            else:
                visits = buckets = 0
                with _bar("Rebuilding", *span) as done:
                    async for piece in run_rebuild(connection, registry, *span, dry_run=dry_run):
                        done(piece.up_to)
                        visits += piece.visits
                        buckets += piece.buckets
                click.echo(
                    f"{verb} {visits} visits and {buckets} buckets from {span[0]} to {span[1]}."
                )
            kept_days = await days(connection, _utc(first), _utc(last))
            if kept_days is not None:
                mended = sum([n async for n in mend_days(connection, *kept_days, dry_run=dry_run)])
                if mended:
                    click.echo(f"{verb} {mended} days of sites that were no sums of their buckets.")
        finally:
            await store.close()

    _run(work)


@click.command()
@click.option("--days", default=KEPT_DAYS, show_default=True, help="Age of the oldest kept visit.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
def purge(days: int, dry_run: bool) -> None:
    """Remove visits and raw events past their age; all counts stay exact. Run it once a day.

    As PASSAGE_DATABASE_OWNER.
    """

    async def work() -> None:
        try:
            before = cutoff(datetime.now(UTC), days)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
        settings = PurgeSettings.from_environ(with_local_stack(os.environ))
        async with _connection(settings.database_owner, "PASSAGE_DATABASE_OWNER") as connection:
            visits, chunks = await run_purge(connection, before, dry_run=dry_run)
        verb = "Would remove" if dry_run else "Removed"
        click.echo(
            f"{verb} {visits} visits and {chunks} chunks of events before {before:%Y-%m-%d}."
        )

    _run(work)


@click.group(name="audit")
def group() -> None:
    """Recompute, mend and purge the counts."""


for command in (audit, rebuild, purge):
    group.add_command(command)

if __name__ == "__main__":
    group(prog_name="python -m services.audit")
