"""Step 4: what a batch changes in TimescaleDB, in one transaction.

The statements are in `queries.sql`, in the order in which every worker takes its locks: boots,
events, visits, buckets, days, coverage, devices. So two workers wait for each other and never
deadlock.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg import sql
from pydantic_core import from_json, to_json

from schemas.dead_letters import DeadLetter
from schemas.queries import load_queries
from schemas.registry import Registry
from services.core.calendar import from_us, to_us
from services.core.clock import BootAnchor, CorrectionMethod
from services.core.facts import Fact
from services.core.footfall import Footfall, FootfallKey
from services.core.joins import StoredVisit
from services.core.restatements import Restatement
from services.processor import event_rows
from services.processor.copy_text import blocks
from services.processor.footfall_rows import footfall_lines, transfer_columns
from services.runtime.registry import read_registry_async

_SQL = load_queries("services.processor")
_NOTE = load_queries("services.processor", "publication.sql")
GATE = 7_294_361
"""Advisory lock that every batch shares, and that a rebuild takes for itself."""


class ConcurrentChange(Exception):
    """Another worker recorded the same rows in between; the batch must be read and folded again."""


@dataclass(frozen=True, slots=True)
class BootRow:
    """A row of `device_boot`: what a batch says of one boot of one device."""

    device: str
    boot_id: UUID
    site: str
    seqs: str
    """As PostgreSQL writes an int8multirange: `{[1,5),[7,8)}`."""
    anchor: BootAnchor | None
    last_occurred_at: datetime
    last_received_at: datetime
    outbox_depth: int | None
    software: str | None


async def read_visits(
    connection: psycopg.AsyncConnection[Any], statement: LiteralString, visit_ids: Iterable[str]
) -> dict[str, StoredVisit]:
    """Visits and whatever they are joined to, by id; `statement` takes `visit_ids`."""
    found: dict[str, StoredVisit] = {}
    wanted = set(visit_ids)
    asked: set[str] = set()
    while wanted:
        asked |= wanted
        # Written out, since the driver takes its time over each element of an array.
        cursor = await connection.execute(
            statement, {"visit_ids": "{" + ",".join(sorted(wanted)) + "}"}
        )
        for visit_id, joined_to, history, version in await cursor.fetchall():
            found[str(visit_id)] = StoredVisit(
                str(visit_id),
                str(joined_to) if joined_to else None,
                [Fact._make(fact) for fact in from_json(history)],
                version,
            )
        # What was purged is not found, and must not be asked for again.
        wanted = {v.joined_to for v in found.values() if v.joined_to} - asked
    return found


class Store:
    """The processor's connection to TimescaleDB."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection

    @classmethod
    async def connect(cls, url: str) -> Store:
        """Open a connection as the writer role. Raises psycopg.OperationalError."""
        connection = await psycopg.AsyncConnection.connect(
            url,
            autocommit=True,
            application_name="passage-processor",
            connect_timeout=5,
            # A database host that vanishes must not hold a worker for the kernel's two hours.
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            tcp_user_timeout=15_000,
            # A worker that is frozen in a batch, or whose host vanishes, must not keep its locks.
            options="-c timezone=UTC -c lock_timeout=15s -c idle_in_transaction_session_timeout=20s"
            " -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3",
        )
        await connection.execute(_SQL["end_frozen"])
        await connection.execute(_SQL["create_incoming"])
        return cls(connection)

    @property
    def connection(self) -> psycopg.AsyncConnection[Any]:
        """The connection itself, for statements that are no part of a batch."""
        return self._connection

    async def close(self) -> None:
        """Close the connection; an open transaction is rolled back by the server."""
        await self._connection.close()

    async def read_registry(self, known_revision: int | None) -> tuple[int, Registry] | None:
        """The newest registry, or None when it is the known one or none was loaded yet."""
        cursor = await self._connection.execute(_SQL["newest_revision"])
        row = await cursor.fetchone()
        if row is None or row[0] is None or row[0] == known_revision:
            return None
        return await read_registry_async(self._connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """One transaction; leaving the block commits it, an exception rolls it back."""
        async with self._connection.transaction():
            await self._connection.execute(_SQL["enter_gate"], {"gate": GATE})
            yield Transaction(self._connection)


class Transaction:
    """The steps of one batch, to be called in the order of the methods."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection

    async def lock_boots(self, boot_ids: Iterable[UUID]) -> dict[UUID, BootAnchor]:
        """Keep other workers from settling these boots' clocks, and return the known anchors."""
        parameters = {"boot_ids": sorted(boot_ids)}
        if not parameters["boot_ids"]:
            return {}
        await self._connection.execute(_SQL["lock_boots"], parameters)
        cursor = await self._connection.execute(_SQL["read_anchors"], parameters)
        return {row[0]: BootAnchor(row[1], row[2]) for row in await cursor.fetchall()}

    async def remember(self, digests: Mapping[str, int]) -> dict[str, int]:
        """Record ids of events once; return the digests of those that were recorded before."""
        # Written out, since the driver takes its time over each element of an array.
        parameters = {
            "event_ids": f"{{{','.join(digests)}}}",
            "digests": f"{{{','.join(map(str, digests.values()))}}}",
        }
        cursor = await self._connection.execute(_SQL["remember_events"], parameters)
        event_ids = [row[0] for row in await cursor.fetchall()]
        if not event_ids:
            return {}
        cursor = await self._connection.execute(_SQL["read_digests"], {"event_ids": event_ids})
        return dict(await cursor.fetchall())

    async def add_events(self, rows: Sequence[bytes]) -> None:
        """Record events whose ids are new, each a row of `event_rows`."""
        if rows:
            await self._copy("copy_events", event_rows.blocks(rows))

    async def unsynced_events(
        self, boot_ids: Iterable[UUID]
    ) -> list[tuple[UUID, UUID, datetime, datetime, str]]:
        """Recorded events that only these boots' anchors can date.

        Each with its visit, when it was received, its corrected time so far, and its body.
        """
        cursor = await self._connection.execute(
            _SQL["read_unsynced"], {"boot_ids": sorted(boot_ids)}
        )
        return await cursor.fetchall()

    async def move_event(
        self, event_id: UUID, from_at: datetime, to_at: datetime, method: CorrectionMethod
    ) -> None:
        """Give a recorded event its repaired time."""
        await self._connection.execute(
            _SQL["move_event"],
            {"event_id": event_id, "from_at": from_at, "to_at": to_at, "method": method},
        )

    async def lock_visits(self, visit_ids: Iterable[str]) -> dict[str, StoredVisit]:
        """Read visits and whatever they are joined to, keeping other workers off them."""
        return await read_visits(self._connection, _SQL["lock_visits"], visit_ids)

    async def write_visits(self, rows: Sequence[str]) -> None:
        """Insert or update visits, each a line of `visit_rows`.

        Raises ConcurrentChange when one was changed in between.
        """
        if not rows:
            return
        await self._copy("copy_visits", blocks(rows))
        await self._connection.execute(_NOTE["note_waiting"])
        cursor = await self._connection.execute(_SQL["upsert_visits"])
        if cursor.rowcount != len(rows):
            raise ConcurrentChange

    async def add_footfall(self, footfall: Footfall) -> None:
        """Add differences to the buckets with their sketches and transfers, then to the days."""
        execute = self._connection.execute
        measures, bins = footfall_lines(footfall)
        if measures:
            await self._copy("copy_footfall", blocks(measures))
            await execute(_SQL["add_footfall"])
            await execute(_NOTE["note_buckets"])
        if bins:
            await self._copy("copy_waits", blocks(bins))
            await execute(_SQL["add_waits"])
        # Most batches have none.
        if footfall.transfers:
            await execute(_SQL["add_transfers"], transfer_columns(footfall.transfers))
        if measures:
            await execute(_SQL["add_days"])
        if bins:
            await execute(_SQL["add_wait_days"])

    async def final_buckets(self, keys: Iterable[FootfallKey]) -> set[tuple[str, int]]:
        """Of the keys' buckets, those that are final, as (site, bucket start in µs).

        To be asked before `add_boots`: final means before this batch.
        """
        buckets = {(key.site, key.bucket_start_us) for key in keys}
        cursor = await self._connection.execute(
            _SQL["final_buckets"],
            {
                "sites": [site for site, _ in buckets],
                "bucket_starts": [from_us(start_us) for _, start_us in buckets],
            },
        )
        return {(row[0], to_us(row[1])) for row in await cursor.fetchall()}

    async def add_restatements(self, rows: Iterable[Restatement]) -> None:
        """Log changes of buckets that were final."""
        await self._execute_many(
            "add_restatement",
            [
                {
                    "bucket_start": from_us(row.key.bucket_start_us),
                    "site": row.key.site,
                    "directorate": row.key.directorate,
                    "service": row.key.service,
                    "channel": row.key.channel,
                    "cause": row.cause,
                    "changes": to_json(row.changes).decode(),
                }
                for row in rows
            ],
        )

    async def add_coverage(self, minutes: Mapping[tuple[int, str, str], int]) -> None:
        """Add covered minutes: bit masks by (bucket start in µs, site, device)."""
        if minutes:
            parameters = {
                "bucket_start": [from_us(key[0]) for key in minutes],
                "site": [key[1] for key in minutes],
                "device": [key[2] for key in minutes],
                "minutes": list(minutes.values()),
            }
            await self._connection.execute(_SQL["add_coverage"], parameters)

    async def add_boots(self, rows: Iterable[BootRow]) -> None:
        """Add what the batch says of devices."""
        rows = list(rows)
        if not rows:
            return
        heard = sorted({(row.site, row.device) for row in rows})
        sites, devices = map(list, zip(*heard, strict=True))
        await self._connection.execute(_NOTE["note_devices"], {"sites": sites, "devices": devices})
        parameters = {
            "device": [row.device for row in rows],
            "boot_id": [row.boot_id for row in rows],
            "site": [row.site for row in rows],
            "seqs": [row.seqs for row in rows],
            "anchor_seq": [row.anchor.seq if row.anchor else None for row in rows],
            "anchor_at": [row.anchor.zero_at if row.anchor else None for row in rows],
            "last_occurred_at": [row.last_occurred_at for row in rows],
            "last_received_at": [row.last_received_at for row in rows],
            "outbox_depth": [row.outbox_depth for row in rows],
            "software": [row.software for row in rows],
        }
        await self._connection.execute(_SQL["add_boots"], parameters)

    async def add_dead_letters(self, letters: Iterable[DeadLetter]) -> None:
        """Keep refused messages; one that is kept already stays as it is."""
        await self._execute_many(
            "add_dead_letter",
            [
                letter.model_dump(exclude={"body"})
                | {"body": to_json(letter.body).decode() if letter.body is not None else None}
                for letter in letters
            ],
        )

    async def _copy(self, name: str, blocks: Iterable[str | bytes]) -> None:
        async with self._connection.cursor() as cursor, cursor.copy(_SQL[name]) as copy:
            for block in blocks:
                await copy.write(block)

    async def _execute_many(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            async with self._connection.cursor() as cursor:
                await cursor.executemany(sql.SQL(_SQL[name]), rows)
