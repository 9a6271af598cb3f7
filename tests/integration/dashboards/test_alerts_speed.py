from __future__ import annotations

import time
from typing import Any

import psycopg
import pytest

from schemas.queries import load_queries

SLOWEST_MS = 200
# The same work for the server on any machine, to tell a slow query from a slow machine.
REFERENCE = "SELECT sum(n) FROM generate_series(1, 500000) AS n"
REFERENCE_MS = 50


@pytest.mark.parametrize("name", load_queries("dashboards.alerts"))
def test_three_years_of_ten_sites_do_not_slow_an_alert_down(name: str, history_database: Any):
    statement = load_queries("dashboards.alerts")[name]
    with psycopg.connect(history_database.reader, autocommit=True) as reader:
        took_ms = min(_elapsed_ms(reader, statement) for _ in range(4))
        reference_ms = min(_elapsed_ms(reader, REFERENCE) for _ in range(3))
    assert took_ms <= SLOWEST_MS * max(1.0, reference_ms / REFERENCE_MS)


def _elapsed_ms(connection: psycopg.Connection[Any], statement: str) -> float:
    started = time.perf_counter()
    connection.execute(statement).fetchall()  # type: ignore[call-overload]
    return (time.perf_counter() - started) * 1000
