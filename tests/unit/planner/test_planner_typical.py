"""Regimes, bands, normality and the year before."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.planner.slots.calendar import OpeningRule, SiteCalendar, Slot
from services.planner.slots.observed import Observed
from services.planner.typical.bands import Band, bands, quantile
from services.planner.typical.normality import place
from services.planner.typical.regimes import regime_of
from services.planner.typical.yearly import counterpart, year_on_year

ASCENSION = date(2026, 5, 14)
CALENDAR = SiteCalendar(
    "Europe/Paris",
    tuple(OpeningRule(None, None, weekday, time(9), time(12)) for weekday in range(1, 6)),
    {ASCENSION: "Ascension", date(2026, 7, 14): "Fête nationale", date(2026, 5, 1): "Travail"},
)


@pytest.mark.parametrize(
    ("day", "regime"),
    [
        (ASCENSION + timedelta(days=1), "bridge"),
        (date(2026, 7, 13), "bridge"),
        # The day after a public holiday is no bridge when the next day is open.
        (date(2026, 7, 15), "school-holidays"),
        # 1 May is a Friday: Thursday has an open day before it.
        (date(2026, 4, 30), "school-holidays"),
        # The first open days of the month, not the first days: 1 May is closed.
        (date(2026, 5, 6), "month-start"),
        (date(2026, 5, 7), "term"),
        (date(2026, 11, 2), "month-start"),
        # Zone C; zone A is back at school.
        (date(2026, 3, 3), "month-start"),
        (date(2026, 3, 5), "school-holidays"),
        (date(2026, 10, 19), "school-holidays"),
        (date(2026, 11, 16), "term"),
    ],
)
def test_a_day_has_one_regime(day: date, regime: str) -> None:
    assert regime_of(CALENDAR)(day) == regime


def test_school_holidays_are_those_of_the_zone() -> None:
    in_c_only = date(2026, 3, 5)
    assert regime_of(CALENDAR, "A")(in_c_only) == "term"
    assert regime_of(CALENDAR, None)(in_c_only) == "term"


@given(st.lists(st.integers(0, 500), min_size=1), st.sampled_from([0.1, 0.5, 0.9]))
def test_quantiles_are_those_of_numpy(values: list[int], share: float) -> None:
    assert quantile(sorted(values), share) == pytest.approx(np.quantile(values, share))


def week_of(counts: list[int | None]) -> list[Observed]:
    monday = date(2026, 9, 7)
    days = (monday + timedelta(weeks=week) for week in range(len(counts)))
    return [
        Observed(Slot(day, 540, datetime(day.year, day.month, day.day, 7, tzinfo=UTC)), count)
        for day, count in zip(days, counts, strict=True)
    ]


def test_unknown_slots_are_in_no_band_and_few_values_make_none() -> None:
    found = bands(week_of([10, None, 12, 11, 14, None, 13]))
    assert set(found) == {(1, 540)}
    band = found[1, 540]
    assert (band.n, band.unknown, band.median) == (5, 2, 12)
    assert (band.p10, band.p90) == (pytest.approx(10.4), pytest.approx(13.6))
    few = bands(week_of([10, 12, 11, 14]))[1, 540]
    assert (few.n, few.median, few.p10, few.p90) == (4, 11.5, None, None)
    assert bands(week_of([None]))[1, 540].median is None


@pytest.mark.parametrize(
    ("count", "verdict", "rank"),
    [
        (0, "low", 0.0),
        (10, "usual", 0.45),
        (15, "usual", 0.525),
        (30, "high", 1.0),
        (None, "unknown", None),
    ],
)
def test_a_count_lies_in_its_band(count: Any, verdict: str, rank: Any) -> None:
    band = Band((10,) * 9 + (20,) * 1, 0) if count == 10 else Band(tuple(range(5, 25)), 0)
    found = place(week_of([count])[0], band)
    assert (found.verdict, found.rank) == (verdict, rank)


def test_nothing_is_said_of_a_count_with_too_few_to_compare() -> None:
    assert place(week_of([100])[0], Band((1, 2, 3), 0)).verdict == "unknown"


@given(st.dates(date(2010, 1, 1), date(2060, 12, 31)))
def test_the_counterpart_is_the_same_weekday_of_the_same_iso_week(day: date) -> None:
    other = counterpart(day)
    year, week, weekday = day.isocalendar()
    if other is None:
        assert week == 53
    else:
        assert other.isocalendar() == (year - 1, week, weekday)
        assert (day - other).days in (52 * 7, 53 * 7)


def test_week_53_and_closed_days_are_left_out_of_the_comparison() -> None:
    week_53 = date(2026, 12, 28)
    monday, tuesday, wednesday = (date(2026, 5, day) for day in (11, 12, 13))
    then = {day: counterpart(day) for day in (monday, tuesday, ASCENSION)}
    totals = {
        week_53: 90,
        monday: 110,
        then[monday]: 100,
        tuesday: 50,
        then[tuesday]: None,
        then[ASCENSION]: 80,
        wednesday: 70,
    }
    days = [monday, tuesday, wednesday, ASCENSION, date(2026, 5, 16), week_53]
    found = year_on_year(days, totals)  # type: ignore[arg-type] # none of these is in week 53
    assert (found.now, found.then) == (110, 100)
    assert found.change == pytest.approx(0.1)
    assert found.left_out == {"unknown": 1, "closed then": 1, "closed now": 1, "week 53": 1}
