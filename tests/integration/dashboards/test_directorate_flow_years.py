"""What a supervisor reads on Flux par direction of the period beside the year before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.counted_hall import Hall, days, paris, weekdays


@pytest.fixture
def hall(module_database: Any, request: pytest.FixtureRequest) -> Iterator[Hall]:
    """A site of the test's own."""
    code = request.node.name.replace("_", "-")
    with (
        psycopg.connect(module_database.owner, autocommit=True) as owner,
        psycopg.connect(module_database.reader, autocommit=True, row_factory=dict_row) as reader,
    ):
        yield Hall(module_database, owner, reader, code)


def test_a_holiday_that_moved_is_left_out_of_both_years(hall: Hall) -> None:
    hall.opens("09:00", "16:00", last_weekday=5)
    easter_2026, easter_2025 = date(2026, 4, 6), date(2025, 4, 21)
    for holiday in (easter_2026, easter_2025):
        hall.is_closed(holiday)
    beside_2025, beside_2026 = date(2025, 4, 7), date(2026, 4, 20)
    for day in weekdays(date(2026, 4, 7), date(2026, 4, 24)):
        hall.came(paris(day, 10), 1000 if day == beside_2026 else 10, served=9)
    for day in weekdays(date(2025, 4, 7), date(2025, 4, 25)):
        if day != easter_2025:
            hall.came(paris(day, 10), 1000 if day == beside_2025 else 8, served=4)

    period = (easter_2026, date(2026, 4, 24))
    now, before = hall.reads("compared_years", *period)
    # Fifteen weekdays, without Easter Monday, and without the day beside that of 2025.
    assert (now["year"], now["days"], before["year"], before["days"]) == ("now", 13, "before", 13)
    assert (now["passages_per_day"], before["passages_per_day"]) == (10, 8)
    (change,) = hall.reads("change_on_year", *period)
    assert change["passages"] == pytest.approx(0.25)
    assert change["served"] == pytest.approx(1.25)
    (directorate,) = hall.reads("directorates_compared", *period)
    assert directorate["change"] == pytest.approx(0.25)
    assert directorate["passages"] == 13 * 10 + 1000

    (total,) = hall.reads("period_totals", *period)
    assert (total["passages"], total["open_days"]) == (13 * 10 + 1000, 14)


def test_without_a_year_before_nothing_is_compared(hall: Hall) -> None:
    hall.opens("09:00", "16:00")
    period = (date(2026, 5, 4), date(2026, 5, 8))
    for day in days(*period):
        hall.came(paris(day, 10), 5)
    assert {row["passages_per_day"] for row in hall.reads("compared_years", *period)} == {None}
    (change,) = hall.reads("change_on_year", *period) or [{"passages": None}]
    assert change["passages"] is None
    assert hall.reads("years_by_week", *period) == []
    assert [
        (row["passages"], row["per_day_before"], row["change"])
        for row in hall.reads("directorates_compared", *period)
    ] == [(25, None, None)]


def test_a_directorate_that_is_new_did_not_grow_without_end(hall: Hall) -> None:
    hall.opens("09:00", "16:00")
    day, before = date(2026, 5, 4), date(2025, 5, 5)
    hall.came(paris(before, 10), 20, "dcl")
    hall.came(paris(day, 10), 10, "dcl")
    hall.came(paris(day, 11), 7, "dmi")
    found = {row["directorate"]: row for row in hall.reads("directorates_compared", day, day)}
    assert found["DCL"]["change"] == pytest.approx(-0.5)
    assert (found["DMI"]["per_day"], found["DMI"]["change"]) == (7, None)
    assert found["DMI"]["share"] == pytest.approx(7 / 17)


def test_a_week_53_without_its_like_leaves_a_gap(hall: Hall) -> None:
    hall.opens("09:00", "16:00", last_weekday=5)
    for day in weekdays(date(2020, 12, 28), date(2021, 1, 8)):
        hall.came(paris(day, 10), 5)
    for day in weekdays(date(2019, 12, 23), date(2020, 1, 3)):
        # Week 52 of 2019 lies 364 days before week 53 of 2020, and is not its like.
        hall.came(paris(day, 10), 999 if day < date(2019, 12, 30) else 4)
    period = (date(2020, 12, 28), date(2021, 1, 8))
    assert [
        (row["time"], row["this_year"], row["year_before"])
        for row in hall.reads("years_by_week", *period)
    ] == [
        (paris(date(2020, 12, 28)), None, None),
        (paris(date(2021, 1, 4)), 5, 4),
    ]
    assert {row["days"] for row in hall.reads("compared_years", *period)} == {5}
