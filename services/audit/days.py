"""The stored days against the buckets that they sum up: what differs, and how it is mended."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from services.audit.recompute import SQL
from services.processor.store import GATE

STEP_DAYS = 31
_ONE_DAY = timedelta(days=1)
_BEGINNING, _END = datetime(1970, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)

Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True, slots=True)
class DayDifference:
    """One measure of a stored day that is not the sum of the day's buckets."""

    local_date: date
    site: str
    directorate: str
    service: str
    channel: str
    measure: str
    kept: int
    from_buckets: int

    def __str__(self) -> str:
        key = "/".join((self.site, self.directorate, self.service, self.channel))
        return (
            f"{self.local_date} {key} {self.measure}: the stored day has {self.kept}, "
            f"its buckets give {self.from_buckets}"
        )


async def days(
    connection: Connection, from_at: datetime | None = None, to_at: datetime | None = None
) -> tuple[date, date] | None:
    """First and last local day that hold a part of [from_at, to_at); None when nothing is kept."""
    row = await (await connection.execute(SQL["days"])).fetchone()
    if row is None or row[0] is None:
        return None
    first, last = touched_days(from_at or _BEGINNING, to_at or _END)
    first, last = max(first, row[0]), min(last, row[1])
    return (first, last) if first <= last else None


def touched_days(from_at: datetime, to_at: datetime) -> tuple[date, date]:
    """First and last local day, in whatever zone, that may hold a part of [from_at, to_at)."""
    return from_at.date() - _ONE_DAY, to_at.date() + _ONE_DAY


def portions(first: date, last: date) -> Iterator[tuple[date, date]]:
    """The days [first, last], both included, in pieces small enough for a short lock."""
    while first <= last:
        end = min(first + timedelta(days=STEP_DAYS - 1), last)
        yield first, end
        first = end + _ONE_DAY


async def day_differences(connection: Connection, first: date, last: date) -> list[DayDifference]:
    """Measures and bins of the days [first, last] on which the two do not agree; one snapshot."""
    cursor = await connection.execute(SQL["different_days"], {"first": first, "last": last})
    return [DayDifference(*row) for row in await cursor.fetchall()]


async def count_days_anew(connection: Connection, first: date, last: date) -> int:
    """Make what differs in the days [first, last] the sum of its buckets again.

    Returns how many days of sites needed it. In the caller's transaction, which holds the gate.
    """
    wrong = {(one.local_date, one.site) for one in await day_differences(connection, first, last)}
    if wrong:
        parameters = {
            "first": first,
            "last": last,
            "local_dates": [local_date for local_date, _ in wrong],
            "sites": [site for _, site in wrong],
        }
        for name in ("forget_days", "forget_wait_days", "count_days", "count_wait_days"):
            await connection.execute(SQL[name], parameters)
    return len(wrong)


async def mend_days(
    connection: Connection, first: date, last: date, *, dry_run: bool = False
) -> AsyncIterator[int]:
    """Mend the days [first, last] piece by piece; yield how many days of sites each needed.

    The workers wait at the gate only while a piece that differs is mended. A dry run mends nothing.
    """
    for start, end in portions(first, last):
        if not await day_differences(connection, start, end):
            continue
        async with connection.transaction(force_rollback=dry_run):
            await connection.execute(SQL["close_gate"], {"gate": GATE})
            yield await count_days_anew(connection, start, end)
