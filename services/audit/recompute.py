"""The footfall of a range, three times: as it is kept, from the visits, from the raw events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from schemas.codec import InvalidEvent, decode
from schemas.events import DeviceStarted, Heartbeat
from schemas.queries import load_queries
from services.audit.compare import surplus
from services.core.calendar import to_us
from services.core.decisions import RegistryIndex
from services.core.facts import Fact, fact_of
from services.core.footfall import MEASURES, Footfall, FootfallKey, Transfer, WaitBin, difference
from services.core.joins import StoredVisit, VisitChange, change_visits
from services.core.visits import fold
from services.processor.store import read_visits

SQL = load_queries("services.audit")

Connection = psycopg.AsyncConnection[Any]


async def kept(connection: Connection, from_at: datetime, to_at: datetime) -> Footfall:
    """The buckets as they are kept, less what imports have added: of that there are no events."""
    span = {"from_at": from_at, "to_at": to_at}
    footfall = Footfall()
    cursor = await connection.execute(SQL["read_footfall"], span)
    for (row,) in await cursor.fetchall():
        measures = {measure: row[measure] for measure in MEASURES if row[measure]}
        if measures:
            footfall.measures[_key(row)] = measures
    cursor = await connection.execute(SQL["read_waits"], span)
    for (
        bucket_start,
        site,
        directorate,
        service,
        channel,
        measure,
        bin_number,
        n,
    ) in await cursor.fetchall():
        key = FootfallKey(to_us(bucket_start), site, directorate, service, channel)
        footfall.bins[WaitBin(key, measure, bin_number)] = n
    cursor = await connection.execute(SQL["read_transfers"], span)
    for bucket_start, site, directorate, service, channel, *origin, n in await cursor.fetchall():
        key = FootfallKey(to_us(bucket_start), site, directorate, service, channel)
        footfall.transfers[Transfer(key, *origin)] = n
    return surplus(footfall, await imported(connection, from_at, to_at))


async def imported(
    connection: Connection, from_at: datetime, to_at: datetime, *, source: str | None = None
) -> Footfall:
    """What imports have added to the buckets; those of all sources, or of one."""
    cursor = await connection.execute(
        SQL["read_imported"], {"from_at": from_at, "to_at": to_at, "source": source}
    )
    footfall = Footfall()
    for (
        bucket_start,
        site,
        directorate,
        service,
        channel,
        measures,
        bins,
    ) in await cursor.fetchall():
        key = FootfallKey(to_us(bucket_start), site, directorate, service, channel)
        row = footfall.measures.setdefault(key, {})
        for measure, n in measures.items():
            row[measure] = row.get(measure, 0) + n
        for measure, counts in bins.items():
            for bin_number, n in counts.items():
                wait_bin = WaitBin(key, measure, int(bin_number))
                footfall.bins[wait_bin] = footfall.bins.get(wait_bin, 0) + n
    return footfall


async def visits_in(
    connection: Connection, from_at: datetime, to_at: datetime
) -> dict[str, StoredVisit]:
    """Stored visits with an event in the range, and all that these are joined to."""
    cursor = await connection.execute(SQL["read_visit_ids"], {"from_at": from_at, "to_at": to_at})
    visit_ids = [str(row[0]) for row in await cursor.fetchall()]
    return await read_visits(connection, SQL["read_visits"], visit_ids)


async def from_visits(connection: Connection, from_at: datetime, to_at: datetime) -> Footfall:
    """The buckets as the visits' histories give them."""
    visits = await visits_in(connection, from_at, to_at)
    histories = (list(v.history) for v in visits.values() if v.joined_to is None)
    return within(difference((), map(fold, histories)), from_at, to_at)


async def changes_from_events(
    connection: Connection, registry: RegistryIndex, from_at: datetime, to_at: datetime
) -> list[VisitChange]:
    """The visits with an event in the range, folded from all their raw events."""
    cursor = await connection.execute(SQL["read_joins"])
    groups = _groups(await cursor.fetchall())
    cursor = await connection.execute(SQL["read_visit_ids"], {"from_at": from_at, "to_at": to_at})
    ids: set[UUID] = set()
    for (visit_id,) in await cursor.fetchall():
        ids.update(groups.get(visit_id, (visit_id,)))
    cursor = await connection.execute(SQL["read_events"], {"visit_ids": list(ids)})
    facts: dict[str, list[Fact]] = defaultdict(list)
    for visit_id, corrected_at, method, body in await cursor.fetchall():
        event = decode(body.encode())
        if isinstance(event, InvalidEvent | Heartbeat | DeviceStarted):
            raise TypeError(f"a recorded event of visit {visit_id} no longer decodes")
        site = registry.sites.get(event.site)
        facts[str(visit_id)].append(
            fact_of(
                event,
                to_us(corrected_at),
                method,
                check_in_ends_wait=site is not None and site.wait_ends == "check_in",
            )
        )
    return change_visits({}, facts)


def within(footfall: Footfall, from_at: datetime, to_at: datetime) -> Footfall:
    """The part of the footfall whose buckets start in [from_at, to_at)."""
    first, end = to_us(from_at), to_us(to_at)
    return Footfall(
        {k: row for k, row in footfall.measures.items() if first <= k.bucket_start_us < end},
        {b: n for b, n in footfall.bins.items() if first <= b.key.bucket_start_us < end},
        {t: n for t, n in footfall.transfers.items() if first <= t.key.bucket_start_us < end},
    )


def _groups(joins: Iterable[Sequence[UUID]]) -> Mapping[UUID, set[UUID]]:
    groups: dict[UUID, set[UUID]] = {}
    for a, b in joins:
        merged = groups.get(a, {a}) | groups.get(b, {b})
        for visit_id in merged:
            groups[visit_id] = merged
    return groups


def _key(row: Mapping[str, Any]) -> FootfallKey:
    return FootfallKey(
        to_us(datetime.fromisoformat(row["bucket_start"])),
        row["site"],
        row["directorate"],
        row["service"],
        row["channel"],
    )
