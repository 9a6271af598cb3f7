"""Which buckets a batch finds final: those that readers are told are final."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from services.core.calendar import to_us
from services.core.footfall import FootfallKey
from services.processor.store import Store
from services.simulator.simulation import generate
from tests.recorded import record


def test_a_batch_and_the_readers_agree_on_what_is_final(database: Any, registry: Any) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    day = yesterday - timedelta(days=max(0, yesterday.weekday() - 4))
    record(generate(registry, day), database)
    # One site lacks a report, and is held back; another's bucket is older than the horizon.
    held_back = database.value("SELECT min(site) FROM footfall")
    _execute(
        database,
        "UPDATE device_boot SET complete_to = NULL, seqs = '{[2,3)}' WHERE site = %s",
        [held_back],
    )
    buckets = set(database.rows("SELECT DISTINCT site, bucket_start FROM footfall"))
    buckets.add((held_back, datetime.now(UTC).replace(minute=0) - timedelta(days=61)))
    told = {
        (site, to_us(start))
        for site, start in database.rows(
            "SELECT * FROM unnest(%(sites)s::text[], %(starts)s::timestamptz[])"
            " AS one (site, start) WHERE bucket_is_final(site, start)",
            sites=[site for site, _ in buckets],
            starts=[start for _, start in buckets],
        )
    }
    assert told
    assert len(told) < len(buckets)
    assert asyncio.run(_found(database.writer, buckets)) == told


async def _found(url: str, buckets: set[tuple[Any, ...]]) -> set[tuple[str, int]]:
    store = await Store.connect(url)
    try:
        async with store.transaction() as transaction:
            return await transaction.final_buckets(
                FootfallKey(to_us(start), site, "d", "s", "kiosk") for site, start in buckets
            )
    finally:
        await store.close()


def _execute(database: Any, statement: str, parameters: list[Any]) -> None:
    with psycopg.connect(database.owner) as connection:
        connection.execute(statement, parameters)  # type: ignore[arg-type]
