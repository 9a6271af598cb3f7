"""Days that are not the sums of their buckets are found and mended, however old they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import psycopg
import pytest

from services.audit.days import day_differences, days, mend_days, portions

KEY = ("creteil-accueil", "dcl", "titres", "kiosk")


@pytest.fixture
async def writer(database: Any) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """Two days of counts, three years apart; no visit and no event is left of them."""
    connection = await psycopg.AsyncConnection.connect(database.writer, autocommit=True)
    async with connection:
        for at in ("2022-05-02 09:00+00", "2025-05-05 09:00+00"):
            await connection.execute(
                "INSERT INTO footfall (bucket_start, site, directorate, service, channel, passages,"
                " served) VALUES (%s, %s, %s, %s, %s, 5, 4)",
                [at, *KEY],
            )
            await connection.execute(
                "INSERT INTO footfall_wait VALUES (%s, %s, %s, %s, %s, 'wait', 30, 5)", [at, *KEY]
            )
        for table in ("footfall_day", "footfall_wait_day"):
            await connection.execute(
                f"INSERT INTO {table} SELECT * FROM count_{table}s('-infinity', 'infinity')"
            )
        yield connection


async def found(connection: psycopg.AsyncConnection[Any]) -> list[str]:
    kept = await days(connection)
    assert kept is not None
    return [str(one) for one in await day_differences(connection, *kept)]


@pytest.mark.parametrize(
    ("damage", "sentences"),
    [
        (
            "UPDATE footfall_day SET passages = 7, served = 3 WHERE local_date < '2023-01-01'",
            [
                "2022-05-02 creteil-accueil/dcl/titres/kiosk passages: the stored day has 7, its"
                " buckets give 5",
                "2022-05-02 creteil-accueil/dcl/titres/kiosk served: the stored day has 3, its"
                " buckets give 4",
            ],
        ),
        (
            "UPDATE footfall_wait_day SET bin = 31 WHERE local_date > '2023-01-01'",
            [
                "2025-05-05 creteil-accueil/dcl/titres/kiosk wait bin 30: the stored day has 0, its"
                " buckets give 5",
                "2025-05-05 creteil-accueil/dcl/titres/kiosk wait bin 31: the stored day has 5, its"
                " buckets give 0",
            ],
        ),
        (
            "DELETE FROM footfall; UPDATE footfall_day SET passages = 0, served = 0",
            # A day of zeros is as good as none.
            [],
        ),
    ],
)
async def test_a_day_that_is_no_sum_is_named_and_mended(
    writer: psycopg.AsyncConnection[Any], damage: str, sentences: list[str]
) -> None:
    assert await found(writer) == []
    await writer.execute(damage)
    assert await found(writer) == sentences

    kept = await days(writer)
    assert kept is not None
    mended = sum([n async for n in mend_days(writer, *kept, dry_run=True)])
    assert mended == (1 if sentences else 0)
    assert await found(writer) == sentences

    assert sum([n async for n in mend_days(writer, *kept)]) == mended
    assert await found(writer) == []


async def test_a_range_takes_in_every_day_that_it_touches_in_any_zone(
    writer: psycopg.AsyncConnection[Any],
) -> None:
    span = datetime(2025, 5, 5, tzinfo=UTC), datetime(2025, 5, 6, tzinfo=UTC)
    assert await days(writer, *span) == (date(2025, 5, 4), date(2025, 5, 6))
    assert await days(writer) == (date(2022, 5, 1), date(2025, 5, 6))
    assert await days(writer, datetime(2026, 1, 1, tzinfo=UTC)) is None


def test_portions_hold_each_day_once() -> None:
    first, last = date(2024, 1, 15), date(2024, 12, 31)
    pieces = list(portions(first, last))
    assert pieces[0][0] == first
    assert pieces[-1][1] == last
    assert all((b[0] - a[1]).days == 1 for a, b in pairwise(pieces))
