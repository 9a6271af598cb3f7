"""Local time on real dates: 23- and 25-hour days, business dates, ISO weeks, half-open buckets."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.registry import Closure, OpeningPeriod, Site, WeeklyHours
from services.core.calendar import (
    BUCKET,
    bucket_start,
    business_date,
    from_us,
    instant,
    open_periods,
    to_us,
)

PARIS = "Europe/Paris"
HOUR = timedelta(hours=1)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2024, 3, 31), 23),
        (date(2024, 10, 27), 25),
        (date(2025, 3, 30), 23),
        (date(2025, 10, 26), 25),
        (date(2026, 3, 29), 23),
        (date(2026, 10, 25), 25),
        (date(2026, 11, 16), 24),
    ],
)
def test_10_a_local_day_has_as_many_hours_as_the_clock_showed(day: date, hours: int) -> None:
    begins, ends = (instant(d, time(0), PARIS) for d in (day, day + timedelta(days=1)))
    assert ends - begins == hours * HOUR
    buckets = {bucket_start(begins + BUCKET * i) for i in range(hours * 4)}
    assert len(buckets) == hours * 4
    assert min(buckets) == begins


def test_10_the_repeated_hour_is_two_hours() -> None:
    first = datetime(2025, 10, 26, 2, 30, tzinfo=ZoneInfo(PARIS))
    second = first.replace(fold=1)
    assert bucket_start(first) == utc(2025, 10, 26, 0, 30)
    assert bucket_start(second) == utc(2025, 10, 26, 1, 30)


def test_10_a_wall_clock_time_in_the_repeated_hour_is_the_first_of_the_two() -> None:
    assert instant(date(2026, 10, 25), time(2, 30), PARIS) == utc(2026, 10, 25, 0, 30)


def test_10_a_wall_clock_time_in_the_skipped_hour_is_what_an_unchanged_clock_would_show() -> None:
    assert instant(date(2025, 3, 30), time(2, 30), PARIS) == utc(2025, 3, 30, 1, 30)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ((2026, 11, 16, 8, 29, 59, 999_999), (2026, 11, 16, 8, 15)),
        ((2026, 11, 16, 8, 30), (2026, 11, 16, 8, 30)),
        ((2026, 11, 16, 8, 44, 59, 999_999), (2026, 11, 16, 8, 30)),
        ((1969, 12, 31, 23, 59), (1969, 12, 31, 23, 45)),
    ],
)
def test_25_half_past_eight_begins_a_bucket(at: tuple[int, ...], expected: tuple[int, ...]) -> None:
    assert bucket_start(utc(*at)) == utc(*expected)


def test_local_hours_of_every_french_territory_are_made_of_whole_buckets() -> None:
    for zone in (PARIS, "Pacific/Marquesas", "Indian/Reunion", "America/Miquelon"):
        at = instant(date(2026, 7, 1), time(9), zone)
        assert bucket_start(at) == at


@pytest.mark.parametrize("at", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_microseconds_hold_every_instant_exactly(at: datetime) -> None:
    assert from_us(to_us(at)) == at


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ((2026, 11, 16, 2, 59, 59), date(2026, 11, 15)),
        ((2026, 11, 16, 3, 0), date(2026, 11, 16)),
        ((2026, 11, 16, 23, 30), date(2026, 11, 16)),  # 00:30 of the 17th in Paris
        ((2026, 7, 14, 1, 59, 59), date(2026, 7, 13)),
        ((2026, 7, 14, 2, 0), date(2026, 7, 14)),
    ],
)
def test_8_a_business_date_begins_at_the_sites_own_hour(
    at: tuple[int, ...], expected: date
) -> None:
    assert business_date(utc(*at), time_zone=PARIS, starts=time(4)) == expected


def test_9_a_site_may_cut_its_day_at_midnight() -> None:
    late = utc(2026, 12, 31, 23, 0)
    assert business_date(late, time_zone=PARIS, starts=time(0)) == date(2027, 1, 1)
    assert business_date(late, time_zone=PARIS, starts=time(4)) == date(2026, 12, 31)


@pytest.mark.parametrize("day", [date(2024, 10, 27), date(2025, 3, 30), date(2026, 10, 25)])
@pytest.mark.parametrize("starts", [time(2), time(2, 30), time(3)])
def test_10_a_business_date_never_goes_back_when_the_clock_does(day: date, starts: time) -> None:
    midnight = instant(day, time(0), PARIS)
    dates = [
        business_date(midnight + timedelta(minutes=m), time_zone=PARIS, starts=starts)
        for m in range(0, 360, 5)
    ]
    assert dates == sorted(dates)
    assert set(dates) == {day - timedelta(days=1), day}


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.integers(to_us(utc(2024, 1, 1)), to_us(utc(2027, 1, 1))),
    st.times(),
)
def test_every_instant_lies_in_its_own_business_date(at_us: int, starts: time) -> None:
    at = from_us(at_us)
    day = business_date(at, time_zone=PARIS, starts=starts)
    next_day = day + timedelta(days=1)
    assert instant(day, starts, PARIS) <= at < instant(next_day, starts, PARIS)


def test_2026_has_a_week_53() -> None:
    assert date(2026, 12, 31).isocalendar() == (2026, 53, 4)
    assert date(2027, 1, 3).isocalendar() == (2026, 53, 7)
    assert business_date(utc(2027, 1, 4, 2), time_zone=PARIS, starts=time(4)).isocalendar() == (
        (2026, 53, 7)
    )


def site(*closures: Closure) -> Site:
    hours = (
        OpeningPeriod(opens=time(1), closes=time(4)),
        OpeningPeriod(opens=time(9), closes=time(12)),
    )
    return Site(
        code="creteil",
        name="Créteil",
        opening_hours=(
            WeeklyHours(week={"sun": hours[:1]}, valid_to=date(2026, 12, 1)),
            WeeklyHours(week={"mon": hours[1:]}, valid_from=date(2026, 1, 1)),
        ),
        closures=closures,
    )


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2025, 3, 30), 2), (date(2025, 10, 26), 4), (date(2025, 11, 2), 3)]
)
def test_10_opening_hours_across_a_clock_change_have_their_true_length(
    day: date, hours: int
) -> None:
    ((opens, closes),) = open_periods(site(), day)
    assert closes - opens == hours * HOUR


def test_opening_hours_hold_from_their_first_day_until_the_day_before_their_last() -> None:
    assert not list(open_periods(site(), date(2025, 12, 29)))  # a Monday too early
    assert list(open_periods(site(), date(2026, 1, 5)))
    assert list(open_periods(site(), date(2026, 11, 29)))
    assert not list(open_periods(site(), date(2026, 12, 6)))  # a Sunday too late


def test_a_closed_day_has_no_opening_hours() -> None:
    bridge = Closure(first=date(2026, 5, 4), last=date(2026, 5, 11), reason="Pont")
    assert not list(open_periods(site(bridge), date(2026, 5, 11)))
    assert list(open_periods(site(bridge), date(2026, 5, 18)))
    monday = date(2026, 5, 18)
    assert not list(open_periods(site(), monday, closed=frozenset([monday])))
