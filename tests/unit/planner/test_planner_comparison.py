"""Which day, week or month another one is compared with."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.planner.comparison import Against, compared, other_question
from services.planner.flow import Row
from tests.unit.planner.rows import DCL, DMI, counted, heard, period, question


@pytest.mark.parametrize(
    ("first", "last", "grain", "against", "other"),
    [
        ("2026-11-16", None, "day", "last-year", ("2025-11-17", None)),
        ("2026-11-16", "2026-11-20", "day", "last-year", ("2025-11-17", "2025-11-21")),
        ("2026-11-16", None, "hour", "previous", ("2026-11-09", None)),
        ("2026-11-16", "2026-11-25", "day", "previous", ("2026-11-02", "2026-11-11")),
        ("2025-12-29", "2026-01-04", "week", "previous", ("2025-12-22", "2025-12-28")),
        ("2026-11-09", "2026-11-22", "week", "last-year", ("2025-11-10", "2025-11-23")),
        ("2026-10-01", "2026-10-31", "month", "last-year", ("2025-10-01", "2025-10-31")),
        ("2026-03-01", "2026-03-31", "month", "previous", ("2026-02-01", "2026-02-28")),
        ("2026-01-01", "2026-06-30", "half", "previous", ("2025-07-01", "2025-12-31")),
        ("2026-01-01", "2026-06-30", "month", "previous", ("2025-07-01", "2025-12-31")),
        ("2026-01-01", "2026-12-31", "year", "last-year", ("2025-01-01", "2025-12-31")),
    ],
)
def test_a_period_is_compared_with(
    first: str, last: str | None, grain: str, against: Against, other: tuple[str, str | None]
) -> None:
    found = other_question(question(first, last, grain), against)
    assert found is not None
    assert found.period == period(*other)


def test_week_53_has_no_counterpart_in_a_year_of_52_weeks() -> None:
    assert other_question(question("2026-12-28", "2027-01-03", "week"), "last-year") is None


def pairs(rows: list[Row], others: list[Row], grain: str = "day") -> list[int | None]:
    asked = question("2026-11-16", "2026-11-17", grain)
    return [
        pair.other.measures["passages"] if pair.other else None
        for pair in compared(rows, others, asked, "last-year")
    ]


def test_a_day_stands_beside_the_same_weekday_and_the_same_combination() -> None:
    monday, tuesday = date(2026, 11, 16), date(2026, 11, 17)
    rows = [counted(monday, DCL, 10), counted(tuesday, DCL, 10), counted(tuesday, DMI, 5)]
    others = [
        counted(date(2025, 11, 16), DCL, 99),  # the same date, a Sunday
        counted(date(2025, 11, 17), DCL, 8),
        counted(date(2025, 11, 18), DMI, 4),
    ]
    assert pairs(rows, others) == [8, None, 4]


def test_an_hour_stands_beside_the_same_hour_of_the_local_clock() -> None:
    asked = question("2026-04-01", grain="hour")  # summer time; the year before as well
    nine = datetime(2026, 4, 1, 7, tzinfo=UTC)
    before = datetime(2025, 4, 2, 7, tzinfo=UTC)
    (pair,) = compared([counted(nine, DCL, 5)], [counted(before, DCL, 4)], asked, "last-year")
    assert pair.other is not None
    assert pair.change == pytest.approx(0.25)

    asked = question(
        "2026-03-30", grain="hour"
    )  # summer time since yesterday; winter the week before
    nine = datetime(2026, 3, 30, 7, tzinfo=UTC)
    before = datetime(2026, 3, 23, 8, tzinfo=UTC)
    (pair,) = compared([counted(nine, DCL, 5)], [counted(before, DCL, 4)], asked, "previous")
    assert pair.other is not None


def test_months_are_compared_per_open_day() -> None:
    asked = question("2026-05-01", "2026-05-31", "month")
    row = counted(date(2026, 5, 1), DCL, 180, knowledge=heard(days=18))
    other = counted(date(2025, 5, 1), DCL, 200, knowledge=heard(days=20))
    (pair,) = compared([row], [other], asked, "last-year")
    assert pair.change == pytest.approx(0)


@pytest.mark.parametrize("other", [0, None])
def test_no_change_is_told_where_there_is_nothing_to_compare_with(other: int | None) -> None:
    row = counted(date(2026, 11, 16), DCL, 10)
    others = [] if other is None else [counted(date(2025, 11, 17), DCL, other)]
    (pair,) = compared([row], others, question("2026-11-16", grain="day"), "last-year")
    assert pair.change is None
