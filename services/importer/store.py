"""What imports keep in TimescaleDB, and how a month of one is changed, in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import psycopg
from pydantic_core import to_json

from schemas.queries import load_queries
from schemas.registry import Site
from services.audit.recompute import imported
from services.core.calendar import from_us
from services.core.footfall import Footfall
from services.core.restatements import Restatement
from services.importer.errors import ImportRefused
from services.importer.plan import Month, MonthChange, date_of
from services.importer.reading import open_quarters
from services.importer.rows import Place
from services.processor.store import BootRow, Store, Transaction

SQL = load_queries("services.importer")
LOCK = 7_294_363
"""Advisory lock of the one import that runs."""
_ALL_MINUTES = (1 << 15) - 1


class ImportStore:
    """The tables of imports, for one source at one site."""

    def __init__(self, store: Store, source: str, site: Site, place: Place) -> None:
        self._store = store
        self.source, self.site, self.place = source, site, place
        self._named = {"source": source, "site": site.code, "time_zone": site.time_zone}

    async def lock(self) -> None:
        """Keep other imports out as long as the connection lives. Raises ImportRefused."""
        rows = await self._rows("lock", lock=LOCK)
        if not rows[0][0]:
            raise ImportRefused("another import is running; wait for its end")

    async def stored_days(
        self, first: date | None = None, last: date | None = None
    ) -> dict[date, str]:
        """The days that the source gave, with the names of the files that gave them."""
        return dict(await self._rows("stored_days", first=first, last=last))

    async def stored(self, month: Month) -> Footfall:
        """What the source added to the buckets of a month."""
        return await imported(
            self._store.connection, month.from_at, month.to_at, source=self.source
        )

    async def sources(self) -> set[str]:
        """The sources of which the site has imported days."""
        return {row[0] for row in await self._rows("sources_of_site")}

    async def live_days(self, days: Collection[date]) -> list[tuple[date, int]]:
        """Days on which the pipeline counted something itself, and how many."""
        return await self._rows("live_days", days=list(days))

    async def other_sources(
        self, days: Collection[date], services: Collection[str]
    ) -> list[tuple[str, str, date, date, int]]:
        """Other sources with the same services: source, service, first and last day, days."""
        return await self._rows("other_sources", days=list(days), services=list(services))

    async def closed_days(self, days: Collection[date]) -> list[tuple[date, str]]:
        """Days on which the site was closed by the registry, with the reason."""
        return await self._rows("closed_days", days=list(days))

    async def begin(
        self,
        files: Sequence[Mapping[str, str]],
        mapping: str,
        findings: tuple[int, int],
        first: date,
        last: date,
    ) -> int:
        """Log that an import begins; `findings` are rows read and bad ones. Returns its id."""
        rows = await self._rows(
            "begin_run",
            files=to_json(files).decode(),
            mapping=mapping,
            rows_read=findings[0],
            rows_bad=findings[1],
            first_date=first,
            last_date=last,
        )
        return int(rows[0][0])

    async def change(
        self, change: MonthChange, wanted: Footfall, files: Mapping[date, str], import_id: int
    ) -> None:
        """Make a month what files say: buckets, days, coverage, the record; all or nothing.

        What changes on a day that was stored before is a restatement with the cause `import`.
        """
        month, zone = change.month, self.place.clock.zone
        known = change.changed | change.removed
        span = {"from_at": month.from_at, "to_at": month.to_at}
        connection = self._store.connection
        async with self._store.transaction() as transaction:
            await transaction.add_restatements(
                Restatement(key, "import", measures)
                for key, measures in change.difference.measures.items()
                if date_of(key, zone) in known
            )
            await transaction.add_footfall(change.difference)
            await self._execute("keep_quiet", **span)
            await transaction.add_coverage(self._minutes(change.added))
            if change.removed:
                await self._execute("forget_coverage", days=list(change.removed), **span)
                await self._execute("forget_days", days=list(change.removed))
            if known:
                await self._execute("forget_buckets", days=list(known), **span)
            await _copy(connection, self.source, wanted, change.added | change.changed, zone)
            for day in sorted(change.added | change.changed):
                await self._execute(
                    "add_day", local_date=day, files=files[day], import_id=import_id
                )

    async def complete(self, first: date, last: date, ends: datetime, now: datetime) -> None:
        """Log that all of [first, last] is in: the source has reported all up to `ends`."""
        async with self._store.transaction() as transaction:
            await self._report(transaction, ends, now)
            await self._execute("complete_runs", first=first, last=last)

    async def forget(self) -> None:
        """Remove what is left of a source of which no day is stored any more."""
        async with self._store.transaction():
            await self._execute("forget_boots")
            await self._execute("forget_runs")

    async def _report(self, transaction: Transaction, ends: datetime, now: datetime) -> None:
        boot = BootRow(
            self.source,
            uuid5(NAMESPACE_URL, f"passage:import:{self.source}"),
            self.site.code,
            "{[1,2)}",
            None,
            last_occurred_at=ends,
            last_received_at=now,
            outbox_depth=0,
            software=None,
        )
        await transaction.add_boots([boot])

    def _minutes(self, days: Iterable[date]) -> dict[tuple[int, str, str], int]:
        return {
            (start_us, self.site.code, self.source): _ALL_MINUTES
            for day in days
            for start_us in open_quarters(self.site, day)
        }

    async def _rows(self, name: str, **parameters: Any) -> list[Any]:
        cursor = await self._store.connection.execute(SQL[name], {**self._named, **parameters})
        return await cursor.fetchall()

    async def _execute(self, name: str, **parameters: Any) -> None:
        await self._store.connection.execute(SQL[name], {**self._named, **parameters})


async def _copy(
    connection: psycopg.AsyncConnection[Any],
    source: str,
    wanted: Footfall,
    days: Collection[date],
    zone: Any,
) -> None:
    bins: dict[Any, dict[str, dict[str, int]]] = {}
    for wait_bin, n in wanted.bins.items():
        bins.setdefault(wait_bin.key, {}).setdefault(wait_bin.measure, {})[str(wait_bin.bin)] = n
    async with (
        connection.cursor() as cursor,
        cursor.copy(SQL["copy_buckets"]) as copy,
    ):
        for key, measures in wanted.measures.items():
            if date_of(key, zone) in days:
                await copy.write_row(
                    (
                        source,
                        from_us(key.bucket_start_us),
                        *key[1:],
                        to_json(measures).decode(),
                        to_json(bins.get(key, {})).decode(),
                    )
                )
