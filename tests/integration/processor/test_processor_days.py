"""The stored days are the sums of the buckets, whoever writes them at the same time."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.audit.days import day_differences, days
from services.core.calendar import to_us
from services.core.footfall import Footfall, FootfallKey, WaitBin
from services.processor.store import Store

# The last quarters of an hour of a Monday in Paris, and the first of the Tuesday.
BEFORE_MIDNIGHT = datetime(2025, 7, 7, 21, 30, tzinfo=UTC)


def keys() -> list[FootfallKey]:
    return [
        FootfallKey(to_us(BEFORE_MIDNIGHT + timedelta(minutes=15 * i)), site, d, s, "kiosk")
        for i in range(4)
        for site, d, s in (
            ("creteil-accueil", "dcl", "titres"),
            ("creteil-etrangers", "dmi", "sejour"),
            ("sp-lhay", "dcl", "titres"),
        )
    ]


def footfall(sign: int, of: list[FootfallKey]) -> Footfall:
    return Footfall(
        {key: {"passages": sign, "waits": sign, "wait_ms": sign * 61_000} for key in of},
        {WaitBin(key, "wait", 103): sign for key in of},
    )


async def add(database: Any, *changes: Footfall) -> None:
    store = await Store.connect(database.writer)
    try:
        for change in changes:
            async with store.transaction() as transaction:
                await transaction.add_footfall(change)
    finally:
        await store.close()


async def test_a_quarter_of_an_hour_belongs_to_the_day_of_the_sites_clock(database: Any) -> None:
    await add(database, footfall(1, keys()))
    assert database.rows(
        "SELECT local_date, sum(passages)::int, sum(wait_ms)::int FROM footfall_daily"
        " GROUP BY 1 ORDER BY 1"
    ) == [(date(2025, 7, 7), 6, 366_000), (date(2025, 7, 8), 6, 366_000)]
    assert database.rows(
        "SELECT local_date, bin, sum(n)::int FROM wait_bins_daily GROUP BY 1, 2 ORDER BY 1"
    ) == [(date(2025, 7, 7), 103, 6), (date(2025, 7, 8), 103, 6)]


async def test_what_is_taken_back_leaves_a_zero_and_no_wait(database: Any) -> None:
    await add(database, footfall(1, keys()), footfall(-1, keys()))
    assert database.rows("SELECT DISTINCT passages FROM footfall_daily") == [(0,)]
    assert database.rows("SELECT * FROM wait_bins_daily") == []
    assert await differences(database) == []


async def test_workers_on_the_same_days_neither_deadlock_nor_lose(database: Any) -> None:
    # Each comes with the same keys in another order, and all at once.
    several = [keys()[shift:] + keys()[:shift] for shift in (0, 5, 7)]
    several.append(keys()[::-1])
    await asyncio.gather(
        *(add(database, *[footfall(1, of)] * 15) for of in several),
    )
    assert database.value("SELECT sum(passages)::int FROM footfall_daily") == 4 * 15 * len(keys())
    assert database.value("SELECT sum(n)::int FROM wait_bins_daily") == 4 * 15 * len(keys())
    assert await differences(database) == []


async def differences(database: Any) -> list[Any]:
    store = await Store.connect(database.writer)
    try:
        kept = await days(store.connection)
        assert kept is not None
        return await day_differences(store.connection, *kept)
    finally:
        await store.close()
