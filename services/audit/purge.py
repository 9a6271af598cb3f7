"""`passage purge`: remove visits and their events past their age; every count stays."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import psycopg

from services.audit.recompute import SQL
from services.core.decisions import BACKFILL_HORIZON

KEPT_DAYS = 90
"""Default age of visit rows; French practice for visitors' movements is at most three months."""
SHORTEST_DAYS = BACKFILL_HORIZON.days + 7
"""A visit must outlive the back-fill horizon, or a late event could be counted a second time."""
_PORTION = 10_000


async def purge(
    connection: psycopg.AsyncConnection[Any], before: datetime, *, dry_run: bool = False
) -> tuple[int, int]:
    """Remove what last happened before the instant; returns how many visits and chunks.

    Raw events go by whole chunks, so the youngest of them stay until their chunk is old enough.
    Visits go in portions, so that no worker waits long. As the tables' owner.
    """
    chunks = await _chunks(connection, before, dry_run=dry_run)
    if dry_run:
        row = await (await connection.execute(SQL["count_visits"], {"before": before})).fetchone()
        return (row[0] if row else 0), chunks
    visits = 0
    while True:
        cursor = await connection.execute(
            SQL["purge_visits"], {"before": before, "portion": _PORTION}
        )
        visits += cursor.rowcount
        if cursor.rowcount < _PORTION:
            break
    for name in ("purge_seen", "purge_boots"):
        await connection.execute(SQL[name], {"before": before})
    await connection.execute(
        SQL["remember_purge"], {"before": before, "visits": visits, "chunks": chunks}
    )
    return visits, chunks


async def _chunks(
    connection: psycopg.AsyncConnection[Any], before: datetime, *, dry_run: bool
) -> int:
    name = "old_chunks" if dry_run else "drop_chunks"
    return len(await (await connection.execute(SQL[name], {"before": before})).fetchall())


def cutoff(now: datetime, days: int) -> datetime:
    """The instant before which visits go. Raises ValueError when `days` is too few."""
    if days < SHORTEST_DAYS:
        raise ValueError(
            f"visits are kept {SHORTEST_DAYS} days at least: events may come "
            f"{BACKFILL_HORIZON.days} days late, and would be counted twice"
        )
    return now - timedelta(days=days)
