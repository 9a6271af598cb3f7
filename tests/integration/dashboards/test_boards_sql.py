"""Every panel's SQL, as Grafana would send it, on a real TimescaleDB as the reader role."""

from __future__ import annotations

import time
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from benchmarks.grafana_macros import Value, expanded
from benchmarks.panels import ZONE, Span, Target, boards, chosen, local_day, opening_span, targets
from schemas.registry import Registry
from services.core.calendar import to_us
from services.simulator.simulation import generate
from tests.events import last_monday
from tests.recorded import record

TARGETS = list(targets())
NUMBERS = {16, 20, 21, 23, 700, 701, 1700}
"""Types that Grafana draws as numbers: bool, int8, int2, int4, float4, float8, numeric."""
TEXTS = {25, 1043}
INSTANTS = {1184}
CLOCK_CHANGES = (date(2025, 10, 26), date(2026, 3, 29))
SLOWEST_MS = 200
REFERENCE_MS = 50
"""What `REFERENCE` takes on the machine that the limit was set for."""
REFERENCE = "SELECT sum(n) FROM generate_series(1, 500000) AS n"

Rows = tuple[list[psycopg.Column], list[tuple[Any, ...]]]


def ask(target: Target, reader: str, span: Span, **choice: Value) -> Rows:
    """Execute a panel's query for a time range."""
    with psycopg.connect(reader, autocommit=True) as connection:
        values = chosen(target.panel.board, connection, **choice)
        cursor = connection.execute(expanded(target.sql, *span, values))  # type: ignore[call-overload]
        assert cursor.description is not None
        return cursor.description, cursor.fetchall()


def assert_drawable(target: Target, rows: Rows) -> None:
    """The panel finds the columns that its kind needs."""
    columns, values = rows
    types = {column.name: column.type_code for column in columns}
    kind = target.panel.json["type"]
    if target.shape == "time_series" or kind in ("timeseries", "state-timeline"):
        assert types["time"] in INSTANTS
        place = list(types).index("time")
        times = [row[place] for row in values]
        assert times == sorted(times)
    if target.shape == "time_series":
        metric = list(types).index("metric") if "metric" in types else None
        points = [(row[place], row[metric] if metric is not None else None) for row in values]
        assert len(set(points)) == len(points), "two values for one point of a series"
    if kind == "barchart":
        assert types[target.panel.json["options"]["xField"]] in TEXTS
    if kind == "state-timeline":
        assert set(types.values()) - INSTANTS <= TEXTS | NUMBERS
    elif kind != "table":
        assert set(types.values()) & NUMBERS
    named = {
        override["matcher"]["options"]
        for override in target.panel.json["fieldConfig"]["overrides"]
        for one in override["properties"]
        if override["matcher"]["id"] == "byName" and one["id"] == "displayName"
    }
    if len(target.panel.json["targets"]) == 1 and "metric" not in types:
        assert named <= set(types), "a name for a column that does not come"


@pytest.fixture(scope="module")
def week(module_database: Any, registry: Registry) -> tuple[Any, date]:
    """A database with the simulated days of last week, and its Monday."""
    record(generate(registry, last_monday(), 5, scale=0.3), module_database)
    return module_database, last_monday()


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_an_ordinary_week_draws(target: Target, week: tuple[Any, date]) -> None:
    database, monday = week
    span = (local_day(monday)[0], local_day(monday + timedelta(days=4))[1])
    rows = ask(target, database.reader, span)
    assert_drawable(target, rows)


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_one_day_draws_for_a_choice_of_one(target: Target, week: tuple[Any, date]) -> None:
    database, monday = week
    choice: dict[str, Value] = {"directorate": ["dmi"], "service": ["sejour"]}
    assert_drawable(target, ask(target, database.reader, local_day(monday), **choice))


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_an_empty_database_draws_nothing_and_breaks_nothing(
    target: Target, empty_database: Any
) -> None:
    assert_drawable(target, ask(target, empty_database.reader, local_day(last_monday())))


@pytest.mark.parametrize("changed", CLOCK_CHANGES, ids=str)
@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_the_days_of_the_clock_change_draw(
    target: Target, changed: date, history_database: Any
) -> None:
    from_at, to_at = local_day(changed)
    assert to_us(to_at) - to_us(from_at) != 24 * 3600 * 1_000_000 - 1000
    for grain in ("hour", "day") if "$" + "{grain" in target.sql else (None,):
        choice: dict[str, Value] = {"grain": grain} if grain else {}
        assert_drawable(target, ask(target, history_database.reader, (from_at, to_at), **choice))


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_three_years_of_ten_sites_do_not_slow_a_panel_down(
    target: Target, history_database: Any
) -> None:
    (newest,) = history_database.rows("SELECT max(bucket_start) FROM footfall")[0]
    span = opening_span(target.panel.board, newest.astimezone(ZONE).date())
    with psycopg.connect(history_database.reader, autocommit=True) as connection:
        statement = expanded(target.sql, *span, chosen(target.panel.board, connection))
        took_ms = min(_elapsed_ms(connection, statement) for _ in range(4))
        reference_ms = min(_elapsed_ms(connection, REFERENCE) for _ in range(3))
    allowed_ms = SLOWEST_MS * max(1.0, reference_ms / REFERENCE_MS)
    assert took_ms <= allowed_ms


def test_every_board_is_among_them() -> None:
    assert {target.panel.board["uid"] for target in TARGETS} == {b["uid"] for b in boards()}


def _elapsed_ms(connection: psycopg.Connection[Any], statement: str) -> float:
    started = time.perf_counter()
    connection.execute(statement).fetchall()  # type: ignore[call-overload]
    return (time.perf_counter() - started) * 1000
