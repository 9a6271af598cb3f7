"""Years of history for many halls, drawn and written by the database itself, set by set.

For questions at scale, not for exactness: there are buckets, days, coverage and the hall of today,
but no events behind them, so `passage audit` can only hold the days to the buckets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import psycopg
from psycopg import sql

from schemas.queries import load_queries

_SQL = load_queries("benchmarks", "history.sql")
_PORTION = timedelta(days=91)
_DAYS_OF_A_YEAR = 365.25
VISITS_PER_QUEUE = 12
"""Visits of today in each queue."""

Progress = Callable[[date], None]


@dataclass(frozen=True, slots=True)
class Filled:
    """How many rows were written."""

    buckets: int = 0
    wait_bins: int = 0
    days: int = 0
    wait_bin_days: int = 0
    coverage: int = 0

    def __add__(self, other: Filled) -> Filled:
        return Filled(
            self.buckets + other.buckets,
            self.wait_bins + other.wait_bins,
            self.days + other.days,
            self.wait_bin_days + other.wait_bin_days,
            self.coverage + other.coverage,
        )


def fill(
    connection: psycopg.Connection[Any],
    *,
    sites: int,
    years: float,
    until: date,
    seed: int = 1,
    visits: int = VISITS_PER_QUEUE,
    progress: Progress = lambda up_to: None,
) -> Filled:
    """Fill a migrated database whose registry is loaded, and that holds no counts of these days.

    `until` is the last local day, included, as far as it has gone. With more `sites` than the
    registry has, halls are added after the model of those; with fewer, the first by code are
    filled. The same arguments give the same counts. Needs an autocommit connection as the owner;
    commits quarter by quarter, and analyses the tables at the end.
    """
    connection.execute(_SQL["create_places"])
    with connection.transaction():
        connection.execute(_SQL["add_sites"], {"sites": sites})
        connection.execute(_SQL["add_places"])
    filled = Filled()
    first = until - timedelta(days=round(years * _DAYS_OF_A_YEAR) - 1)
    with _without_key(connection):
        for from_day, to_day in _portions(first, until + timedelta(days=1)):
            parameters = {"sites": sites, "seed": seed, "from_day": from_day, "to_day": to_day}
            with connection.transaction():
                connection.execute(_SQL["be_quick"])
                filled += _fill_portion(connection, parameters)
            progress(to_day)
    connection.execute(_SQL["fill_visits"], {"sites": sites, "seed": seed, "visits": visits})
    connection.execute("VACUUM footfall_day, footfall_wait_day")
    connection.execute("ANALYZE")
    return filled


@contextmanager
def _without_key(connection: psycopg.Connection[Any]) -> Iterator[None]:
    definition = connection.execute(_SQL["key_of_wait_days"]).fetchone()
    if definition is None:
        yield
        return
    table = sql.SQL("ALTER TABLE footfall_wait_day {} CONSTRAINT footfall_wait_day_key {}")
    connection.execute(table.format(sql.SQL("DROP"), sql.SQL("")))
    yield
    with connection.transaction():
        connection.execute(_SQL["be_quick"])
        # As the catalogue wrote it.
        connection.execute(table.format(sql.SQL("ADD"), sql.SQL(definition[0])))


def _fill_portion(connection: psycopg.Connection[Any], parameters: dict[str, Any]) -> Filled:
    def written(name: str) -> int:
        return connection.execute(_SQL[name], parameters).rowcount

    written("open_quarters")
    written("draw_visitors")
    filled = Filled(
        buckets=written("fill_footfall"),
        wait_bins=written("fill_waits"),
        days=written("fill_days"),
        wait_bin_days=written("fill_wait_days"),
        coverage=written("fill_coverage"),
    )
    written("fill_boots")
    return filled


def _portions(first: date, end: date) -> Iterator[tuple[date, date]]:
    while first < end:
        to_day = min(first + _PORTION, end)
        yield first, to_day
        first = to_day
