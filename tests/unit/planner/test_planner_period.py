"""Names of periods, and the pieces that they are cut into."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.planner.period import GRAINS, Grain, NotAPeriod, label_of, named, start_of
from tests.unit.planner.rows import ZONE, period


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("2025", "2025-01-01", "2025-12-31"),
        ("2025-S1", "2025-01-01", "2025-06-30"),
        ("2025-S2", "2025-07-01", "2025-12-31"),
        ("2025-H2", "2025-07-01", "2025-12-31"),
        ("2025-T3", "2025-07-01", "2025-09-30"),
        ("2025-Q4", "2025-10-01", "2025-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2025-12", "2025-12-01", "2025-12-31"),
        ("2026-W53", "2026-12-28", "2027-01-03"),
        ("2025-W1", "2024-12-30", "2025-01-05"),
        ("2025-10-26", "2025-10-26", "2025-10-26"),
    ],
)
def test_a_period_is_called_as_people_call_it(name: str, first: str, last: str) -> None:
    assert named(name, ZONE) == period(first, last)


@pytest.mark.parametrize(
    "name", ["", "25", "2025-S3", "2025-T5", "2025-13", "2025-W53", "2025-02-29", "october 2025"]
)
def test_what_is_no_period_is_told_which_forms_there_are(name: str) -> None:
    with pytest.raises(NotAPeriod, match="2025-S2"):
        named(name, ZONE)


@given(st.dates(date(2015, 1, 1), date(2035, 12, 31)), st.sampled_from(GRAINS))
def test_the_label_of_a_piece_names_the_piece(day: date, grain: Grain) -> None:
    start = start_of(day, grain)
    whole = named(label_of(start, grain), ZONE)
    assert whole.first == start
    assert whole.first <= day <= whole.last
    assert {start_of(whole.first, grain), start_of(whole.last, grain)} == {start} | (
        {day} if grain in ("hour", "day") else set()
    )


def test_the_days_of_the_clock_change_are_23_and_25_hours_long() -> None:
    spring, autumn = period("2026-03-29"), period("2025-10-26")
    assert (spring.to_at - spring.from_at).total_seconds() == 23 * 3600
    assert (autumn.to_at - autumn.from_at).total_seconds() == 25 * 3600
    assert autumn.from_at == datetime(2025, 10, 25, 22, tzinfo=UTC)
