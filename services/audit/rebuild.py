"""`passage rebuild`: make visits and buckets of a range again from the raw events, in place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from services.audit.audit import steps
from services.audit.compare import surplus
from services.audit.days import count_days_anew, touched_days
from services.audit.recompute import SQL, changes_from_events, kept, visits_in, within
from services.core.decisions import RegistryIndex
from services.core.footfall import difference
from services.core.joins import StoredVisit, VisitChange
from services.core.restatements import Restatement
from services.processor.store import GATE, Transaction
from services.processor.visit_rows import visit_rows


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a piece of the range needed."""

    up_to: datetime
    visits: int
    buckets: int


async def rebuild(
    connection: psycopg.AsyncConnection[Any],
    registry: RegistryIndex,
    from_at: datetime,
    to_at: datetime,
    *,
    dry_run: bool = False,
) -> AsyncIterator[Rebuilt]:
    """Mend each piece of [from_at, to_at) in a transaction of its own; yield what it took.

    The workers wait at the gate while a piece is made, and go on between pieces. Changes of final
    buckets are logged with cause `rebuild`. A dry run mends nothing.
    """
    for start, end in steps(from_at, to_at):
        async with connection.transaction(force_rollback=dry_run):
            await connection.execute(SQL["close_gate"], {"gate": GATE})
            yield await _rebuild_piece(connection, registry, start, end)


async def _rebuild_piece(
    connection: psycopg.AsyncConnection[Any],
    registry: RegistryIndex,
    start: datetime,
    end: datetime,
) -> Rebuilt:
    transaction = Transaction(connection)
    changes = await changes_from_events(connection, registry, start, end)
    stored = await visits_in(connection, start, end)
    rows = [
        row
        for change in changes
        if _differs(change, stored)
        for row in visit_rows(change, stored, registry)
    ]
    await transaction.write_visits(rows)
    wanted = within(difference((), (change.after for change in changes)), start, end)
    missing = surplus(wanted, await kept(connection, start, end))
    final = await transaction.final_buckets(missing.measures)
    await transaction.add_restatements(
        Restatement(key, "rebuild", measures)
        for key, measures in missing.measures.items()
        if (key.site, key.bucket_start_us) in final
    )
    await transaction.add_footfall(missing)
    if missing:
        # The buckets were wrong, and not by as much as the days: count these anew.
        await count_days_anew(connection, *touched_days(start, end))
    buckets = (
        missing.measures.keys()
        | {wait_bin.key for wait_bin in missing.bins}
        | {transfer.key for transfer in missing.transfers}
    )
    return Rebuilt(end, len(rows), len(buckets))


def _differs(change: VisitChange, stored: dict[str, StoredVisit]) -> bool:
    visit = stored.get(change.visit_id)
    if visit is None or visit.joined_to is not None or list(visit.history) != change.history:
        return True
    return any(i not in stored or stored[i].joined_to is None for i in change.joined)
