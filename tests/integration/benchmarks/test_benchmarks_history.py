"""Generated history looks like counted history, and every figure of it agrees with the others."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest

from benchmarks.history import fill
from services.audit.days import day_differences

UNTIL = date(2025, 12, 26)


@pytest.fixture
def filled(database: Any) -> Any:
    """Three weeks around Christmas of nine sites: three more than the registry has."""
    with psycopg.connect(database.owner, autocommit=True) as owner:
        fill(owner, sites=9, years=21 / 365.25, until=UNTIL)
    return database


async def test_its_days_are_the_sums_of_its_buckets(filled: Any) -> None:
    async with await psycopg.AsyncConnection.connect(filled.writer) as writer:
        assert await day_differences(writer, date(2025, 12, 1), UNTIL) == []
    # And the key that was away meanwhile is there again.
    assert (
        filled.value("SELECT count(*) FROM pg_constraint WHERE conname = 'footfall_wait_day_key'")
        == 1
    )


def test_it_has_the_shape_of_real_days(filled: Any) -> None:
    sites, first, last, on_closed_days, per_quarter = filled.rows(
        "SELECT count(DISTINCT site), min(local_date), max(local_date),"
        " count(*) FILTER (WHERE closed OR iso_weekday > 5),"
        " (SELECT avg(n)::float FROM (SELECT count(*) AS n FROM footfall"
        " GROUP BY bucket_start, site) AS rows)"
        " FROM footfall_total_daily"
    )[0]
    assert (sites, first, last, on_closed_days) == (9, date(2025, 12, 8), UNTIL, 0)
    assert 2 < per_quarter < 6
    # Waits, outcomes and coverage go with the passages.
    assert filled.value(
        'SELECT bool_and(queue_entries = served + no_show + "left" AND waits <= passages)'
        " FROM footfall_daily"
    )
    waits = filled.value("SELECT sum(waits)::int FROM footfall_daily")
    assert filled.value("SELECT sum(n)::int FROM wait_bins_daily WHERE measure = 'wait'") == waits
    assert filled.rows(
        "SELECT avg(abs(mean_wait_s - p50_wait_s) / mean_wait_s) < 0.5 FROM waits_daily"
    ) == [(True,)]
    assert filled.value(
        "SELECT sum(covered_minutes)::float / sum(open_minutes) > 0.9 FROM coverage_hourly"
        " WHERE local_date BETWEEN %(first)s AND %(last)s",
        first=first,
        last=last,
    )
    assert filled.value("SELECT sum(waiting)::int FROM waiting_now") > 0


def test_the_same_seed_gives_the_same_history(filled: Any) -> None:
    total = "SELECT sum(hashtextextended(d::text, 0)) FROM footfall_day AS d"
    before = filled.value(total)
    with psycopg.connect(filled.owner, autocommit=True) as owner:
        for seed, same in ((1, True), (2, False)):
            owner.execute(
                "TRUNCATE footfall, footfall_wait, footfall_day, footfall_wait_day, coverage,"
                " device_boot, visit"
            )
            owner.execute("DISCARD ALL")
            fill(owner, sites=9, years=21 / 365.25, until=UNTIL, seed=seed)
            assert (filled.value(total) == before) is same
