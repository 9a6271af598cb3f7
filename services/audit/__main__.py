"""`python -m services.audit`; also `passage audit`, `passage rebuild`, `passage purge`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import click
import psycopg
from rich.console import Console
from rich.progress import Progress

from services.audit.audit import audit as run_audit
from services.audit.audit import extent, unbalanced
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
    from_at = max(whole[0], first.replace(tzinfo=UTC)) if first else whole[0]
    to_at = min(whole[1], last.replace(tzinfo=UTC)) if last else whole[1]
    return (from_at, to_at) if from_at < to_at else None


_from = click.option("--from", "first", type=_INSTANT, help="First instant, UTC. Default: all.")
_to = click.option("--to", "last", type=_INSTANT, help="End, UTC, not included. Default: now.")


@click.command()
@_from
@_to
def audit(first: datetime | None, last: datetime | None) -> None:
    """Recompute every bucket from the visits and from the raw events; print every difference.

    Changes nothing, and may run beside the pipeline. Reads PASSAGE_DATABASE_WRITER's database.
    Exit codes: 0 no difference, 1 differences (or it could not be done).
    """

    async def work() -> int:
        settings = AuditSettings.from_environ(with_local_stack(os.environ))
        async with _connection(settings.database_writer, "PASSAGE_DATABASE_WRITER") as connection:
            registry = RegistryIndex((await read_registry_async(connection))[1])
            span = await _range(connection, first, last)
            if span is None:
                click.echo("There is nothing to audit in this range.")
                return 0
            found = 0
            with _bar("Auditing", *span) as done:
                async for up_to, differences in run_audit(connection, registry, *span):
                    done(up_to)
                    for one in differences[: max(0, _MOST_SHOWN - found)]:
                        click.echo(
                            f"{datetime.fromtimestamp(one.key.bucket_start_us / 1e6, UTC)} "
                            f"{'/'.join(one.key[1:])} {one.measure}: kept {one.kept}, "
                            f"from visits {one.from_visits}, from events {one.from_events}"
                        )
                    found += len(differences)
            lines = await unbalanced(connection)
            for line in lines:
                click.echo(f"ledger does not balance: {line}")
            if found or lines:
                click.echo(f"{found} differences. `passage rebuild` makes the buckets anew.")
                return 1
            click.echo(f"No difference from {span[0]} to {span[1]}; the ledger balances.")
            return 0

    sys.exit(_run(work))


@click.command()
@_from
@_to
@click.option("--dry-run", is_flag=True, help="Say what would be mended, and mend nothing.")
def rebuild(first: datetime | None, last: datetime | None, dry_run: bool) -> None:
    """Make the visits and buckets of a range again from the raw events, while the pipeline runs.

    Changes of final buckets are logged as restatements with the cause `rebuild`.
    """

    async def work() -> None:
        settings = AuditSettings.from_environ(with_local_stack(os.environ))
        store = await Store.connect(settings.database_writer)
        try:
            connection = store.connection
            registry = RegistryIndex((await read_registry_async(connection))[1])
            span = await _range(connection, first, last)
            if span is None:
                click.echo("There is nothing to rebuild in this range.")
                return
            visits = buckets = 0
            with _bar("Rebuilding", *span) as done:
                async for piece in run_rebuild(connection, registry, *span, dry_run=dry_run):
                    done(piece.up_to)
                    visits += piece.visits
                    buckets += piece.buckets
            verb = "Would mend" if dry_run else "Mended"
            click.echo(f"{verb} {visits} visits and {buckets} buckets from {span[0]} to {span[1]}.")
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
