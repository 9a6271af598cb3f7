"""What a supervisor reads of a period on Flux par direction, against the rows that were put in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from benchmarks.grafana_macros import Value
from schemas.registry import Registry
from services.simulator.simulation import generate
from tests.counted_hall import Hall, days, paris
from tests.events import last_monday
from tests.recorded import record


@pytest.fixture
def hall(module_database: Any, request: pytest.FixtureRequest) -> Iterator[Hall]:
    """A site of the test's own."""
    code = request.node.name.replace("_", "-")
    with (
        psycopg.connect(module_database.owner, autocommit=True) as owner,
        psycopg.connect(module_database.reader, autocommit=True, row_factory=dict_row) as reader,
    ):
        yield Hall(module_database, owner, reader, code)


def test_a_day_of_25_hours_has_25_bars(hall: Hall) -> None:
    hall.opens("00:00", "23:59")
    day = date(2025, 10, 26)
    hall.heard(paris(day), 25)
    hall.came(datetime(2025, 10, 26, 0, 15, tzinfo=UTC), 3)
    hall.came(datetime(2025, 10, 26, 1, 15, tzinfo=UTC), 4)
    bars = series(hall.reads("flow_by_directorate", day, day, "hour"), "DCL")
    midnight = datetime(2025, 10, 25, 22, tzinfo=UTC)
    assert list(bars) == [midnight + timedelta(hours=n) for n in range(25)]
    assert [bars[midnight + timedelta(hours=n)] for n in (1, 2, 3, 4)] == [0, 3, 4, 0]


def test_an_hour_of_which_nobody_knows_is_a_gap_and_a_quiet_one_is_0(hall: Hall) -> None:
    hall.opens("09:00", "12:00")
    day = date(2026, 3, 3)
    hall.heard(paris(day, 9), 2)
    hall.came(paris(day, 9), 6)
    assert series(hall.reads("flow_by_directorate", day, day, "hour"), "DCL") == {
        paris(day, 9): 6,
        paris(day, 10): 0,
        paris(day, 11): None,
    }


def test_days_weeks_and_months_begin_on_the_sites_clock(hall: Hall) -> None:
    hall.opens("09:00", "12:00")
    # Over the change to summer time, from a Wednesday.
    first, last = date(2026, 3, 18), date(2026, 4, 5)
    for day in days(first, last):
        hall.came(paris(day, 10), 1)
    by = {
        grain: series(hall.reads("flow_by_directorate", first, last, grain), "DCL")
        for grain in ("day", "week", "month")
    }
    assert list(by["day"]) == [paris(day) for day in days(first, last)]
    # The week and the month that began before would be too short.
    assert by["week"] == {paris(date(2026, 3, 23)): 7, paris(date(2026, 3, 30)): 7}
    assert by["month"] == {paris(date(2026, 4, 1)): 5}
    # Hours for more than 32 days would be too many bars: days take their place.
    long = series(hall.reads("flow_by_directorate", first, date(2026, 5, 5), "hour"), "DCL")
    assert list(long)[:19] == list(by["day"])
    assert {long[at] for at in list(long)[19:]} == {None}


def test_the_typical_week_counts_quiet_hours_and_leaves_unknown_ones_out(hall: Hall) -> None:
    hall.opens("09:00", "11:30")
    first, second = date(2026, 3, 2), date(2026, 3, 9)
    hall.came(paris(first, 9, 30), 4)
    hall.came(paris(first, 9, 45), 2, "dmi")
    hall.heard(paris(first, 10), 1)
    hall.came(paris(second, 9), 2)
    hall.came(paris(second, 11, 15), 1)
    # Before the doors open: no hour of the week.
    hall.came(paris(second, 7), 50)
    table = {row.pop("hour"): row for row in hall.reads("typical_week", first, date(2026, 3, 15))}
    assert {hour: row["monday"] for hour, row in table.items()} == {
        "09:00": 4,
        "10:00": 0,
        "11:00": 1,
    }
    assert {row["tuesday"] for row in table.values()} == {None}


def test_coverage_by_day_is_that_of_its_hours(hall: Hall) -> None:
    hall.opens("08:40", "12:00")
    hall.opens("13:30", "15:50")
    first, last = date(2026, 3, 2), date(2026, 3, 5)
    hall.is_closed(date(2026, 3, 4))
    hall.heard(paris(first, 8), 8, minutes=0b101_0101_0101_0101)
    hall.heard(paris(first + timedelta(days=1), 11), 3)
    found = {row["time"]: row["coverage"] for row in hall.reads("coverage_by_day", first, last)}
    hourly = hall.reader.execute(
        "SELECT local_date, (sum(covered_minutes) / sum(open_minutes))::float8 AS coverage"
        " FROM coverage_hourly WHERE site = %s AND hour_start >= %s AND hour_start < %s"
        " GROUP BY local_date",
        [hall.code, paris(first), paris(last + timedelta(days=1))],
    )
    by_hours = {row["local_date"]: row["coverage"] for row in hourly}
    assert found == {paris(day): by_hours.get(day) for day in days(first, last)}
    assert (found[paris(date(2026, 3, 4))], found[paris(last)]) == (None, 0)
    assert 0 < by_hours[first + timedelta(days=1)] < by_hours[first] < 1


def test_transfers_and_outcomes_are_those_of_the_stays(hall: Hall) -> None:
    hall.opens("09:00", "12:00")
    day = date(2026, 3, 3)
    hall.came(paris(day, 9), 10, "dcl", queue_entries=10, served=6, transferred=3, redirected=1)
    hall.came(paris(day, 9), 5, "dmi", queue_entries=8, served=4, left=2, auto_closed=1)
    assert hall.reads("transfers_by_directorate", day, day) == [
        {"directorate": "DCL", "sent_on": 2, "redirected": 1, "received": 0},
        {"directorate": "DMI", "sent_on": 0, "redirected": 0, "received": 3},
    ]
    assert [row["still_open"] for row in hall.reads("outcomes_by_directorate", day, day)] == [1, 1]
    assert [
        (row["directorate"], row["passages"])
        for row in hall.reads("share_by_directorate", day, day)
    ] == [("DCL", 10), ("DMI", 5)]


def test_a_period_in_which_nothing_was_recorded_is_unknown(hall: Hall) -> None:
    hall.opens("09:00", "12:00")
    day = date(2026, 3, 3)
    (total,) = hall.reads("period_totals", day, day)
    assert (total["passages"], total["lost_share"], total["open_days"]) == (None, None, 1)
    hall.came(paris(day, 9), 3, "sgcd")
    (total,) = hall.reads("period_totals", day, day)
    assert total["passages"] == 0


def test_the_board_counts_what_a_perfect_observer_counted(hall: Hall, registry: Registry) -> None:
    monday = last_monday()
    simulation = generate(registry, monday, 1, seed=3, scale=0.1)
    record(simulation, hall.database)
    choice: dict[str, Value] = {
        "site": [site.code for site in registry.sites],
        "directorate": [one.code for one in registry.directorates],
        "service": [one.code for one in registry.services],
    }
    true = simulation.truth.totals
    (total,) = hall.reads("period_totals", monday, monday, choice=choice)
    assert {name: total[name] for name in ("passages", "persons", "served")} == {
        name: true[name] for name in ("passages", "persons", "served")
    }
    by_day = hall.reads("flow_by_directorate", monday, monday, choice=choice)
    by_hour = hall.reads("flow_by_directorate", monday, monday, "hour", choice)
    for rows in (by_day, by_hour):
        assert sum(row["passages"] or 0 for row in rows) == true["passages"]
    received = hall.reads("transfers_by_directorate", monday, monday, choice=choice)
    assert sum(row["sent_on"] + row["redirected"] for row in received) == true["transferred"]
    assert sum(row["received"] for row in received) == true["transferred"]


def series(rows: Iterable[dict[str, Any]], metric: str) -> dict[datetime, Any]:
    return {row["time"]: row["passages"] for row in rows if row["metric"] == metric}
