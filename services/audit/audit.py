"""`passage audit`: recompute every bucket from the visits and from the raw events, and compare."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg

from services.audit.compare import Difference, differences
from services.audit.recompute import SQL, changes_from_events, from_visits, kept, within
from services.core.decisions import RegistryIndex
from services.core.footfall import difference

STEP = timedelta(days=1)


async def extent(
    connection: psycopg.AsyncConnection[Any],
) -> tuple[datetime, datetime] | None:
    """First and last instant (UTC) whose counts can be recomputed; None when there are none."""
    row = await (await connection.execute(SQL["extent"])).fetchone()
    return (row[0], row[1]) if row and row[0] is not None and row[0] < row[1] else None


def steps(from_at: datetime, to_at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The range [from_at, to_at) in pieces small enough for memory and for a short lock."""
    while from_at < to_at:
        end = min(from_at + STEP, to_at)
        yield from_at, end
        from_at = end


async def audit(
    connection: psycopg.AsyncConnection[Any],
    registry: RegistryIndex,
    from_at: datetime,
    to_at: datetime,
) -> AsyncIterator[tuple[datetime, list[Difference]]]:
    """The differences of each piece of [from_at, to_at), with the instant up to which it is done.

    Each piece is one snapshot, so the pipeline may run meanwhile. No difference, or a bug.
    """
    for start, end in steps(from_at, to_at):
        async with connection.transaction():
            await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            changes = await changes_from_events(connection, registry, start, end)
            events = within(difference((), (change.after for change in changes)), start, end)
            visits = await from_visits(connection, start, end)
            yield end, list(differences(await kept(connection, start, end), visits, events))


async def unbalanced(connection: psycopg.AsyncConnection[Any]) -> list[dict[str, Any]]:
    """Lines of the ledger on which tickets issued and what became of them differ."""
    cursor = await connection.execute(SQL["ledger"])
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in await cursor.fetchall()]
