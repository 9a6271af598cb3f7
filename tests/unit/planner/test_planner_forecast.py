"""The forecast: open slots only, known errors only, and the truth about seasonal naive."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.forecast import backtest, sensor
from services.planner.forecast.backtest import covered, mase, origins_of, roll, wape, weeks_needed
from services.planner.forecast.intervals import Errors, Intervals
from services.planner.forecast.models import chosen, seasonal_naive
from services.planner.forecast.outlook import Outlook, TooLittleHistory, outlook
from services.planner.forecast.series import Flags, Series, flags_of, series_of
from services.planner.slots.calendar import OpeningRule, SiteCalendar, days_between
from services.planner.slots.observed import Observed
from services.planner.typical.regimes import is_month_start, is_school_holiday

BEGIN = date(2026, 4, 27)
LABOUR_DAY = date(2026, 5, 1)
CALENDAR = SiteCalendar(
    "Europe/Paris",
    tuple(
        OpeningRule(None, None, weekday, opens, closes)
        for weekday in range(1, 6)
        for opens, closes in ((time(9), time(12)), (time(13, 30), time(16)))
        if weekday != 3 or opens == time(9)
    ),
    {LABOUR_DAY: "Fête du travail", date(2026, 4, 6): "Lundi de Pâques"},
)
FLAGS = flags_of(CALENDAR, None)


def series(
    count: Callable[[date, int], int | None],
    *,
    history_weeks: int = 40,
    weeks: int = 4,
    flags: Flags = FLAGS,
) -> Series:
    first, last = BEGIN - timedelta(weeks=history_weeks), BEGIN + timedelta(weeks=weeks, days=-1)
    observed = [
        Observed(slot, count(day, slot.minute) if day < BEGIN else None)
        for day in days_between(first, last)
        for slot in CALENDAR.slots(day, 60)
    ]
    return series_of(observed, flags)


def poisson(seed: int = 1, mean: float = 20.0) -> Callable[[date, int], int]:
    rng = np.random.default_rng(seed)
    return lambda day, minute: int(rng.poisson(mean * (1.5 if day.weekday() == 0 else 1.0)))


def of(found: Outlook, day: date) -> list[str | None]:
    return [one.label for one in found.expected if one.day == day]


def test_closed_days_and_hours_are_never_forecast() -> None:
    found = outlook(series(poisson()), BEGIN, 4, "hour", most_origins=8)
    days = {one.day for one in found.expected}
    assert days == {
        day
        for day in days_between(BEGIN, BEGIN + timedelta(days=27))
        if day.weekday() < 5 and day != LABOUR_DAY
    }
    assert of(found, date(2026, 4, 29)) == ["09:00", "10:00", "11:00"]
    assert of(found, date(2026, 4, 30)) == ["09:00", "10:00", "11:00", "13:00", "14:00", "15:00"]


@pytest.mark.parametrize("grain", ["day", "hour"])
def test_intervals_hold_the_forecast_and_nest(grain: Any) -> None:
    found = outlook(series(poisson()), BEGIN, 2, grain, most_origins=8)
    for one in found.expected:
        inner, outer = one.intervals
        assert inner is not None
        assert outer is not None
        assert 0 <= outer[0] <= inner[0] <= one.forecast <= inner[1] <= outer[1]


def test_noise_around_a_steady_week_is_beaten_and_covered() -> None:
    found = outlook(series(poisson(), history_weeks=60), BEGIN, 2, "hour", most_origins=30)
    score = found.trials[-1]
    # Naive errs by the noise of two weeks, a mean by that of one: a factor of 1 / sqrt(2).
    assert score.model.mase == pytest.approx(1 / math.sqrt(2), abs=0.05)
    assert score.naive.mase == pytest.approx(1, abs=0.05)
    assert found.beats_naive
    assert found.verdict.startswith("This forecast beats seasonal naive: over 30 forecasts")
    for level, share in zip((0.80, 0.95), score.model.coverage, strict=True):
        # Bounds are rounded outwards to whole visitors.
        assert level - 0.03 < share < level + 0.06
    monday, tuesday = (sum(o.forecast for o in found.expected if o.day == d) for d in mondays())
    assert monday / tuesday == pytest.approx(1.5, rel=0.1)


def mondays() -> tuple[date, date]:
    return BEGIN, BEGIN + timedelta(days=1)


def test_a_forecast_that_is_worse_than_seasonal_naive_says_so() -> None:
    def too_high(history: Series, future: Series) -> Any:
        return seasonal_naive(history, future) + 20

    found = outlook(series(poisson()), BEGIN, 2, "hour", most_origins=8, model=too_high)
    assert not found.beats_naive
    assert found.verdict.startswith("This forecast does not beat seasonal naive")
    assert "Use the seasonal naive figures" in found.verdict


def test_unknown_hours_are_neither_zeros_nor_lost_days() -> None:
    steady = series(lambda day, minute: 20)
    # For three weeks the afternoon was not seen, and one day not at all.
    dark = BEGIN - timedelta(weeks=5)

    def holed(day: date, minute: int) -> int | None:
        hidden = (0 <= (day - dark).days < 21 and minute > 720) or day == BEGIN - timedelta(days=6)
        return None if hidden else 20

    future = steady.between(BEGIN, BEGIN + timedelta(days=27))
    forecast = chosen(series(holed).before(BEGIN), future)
    assert forecast == pytest.approx(20, rel=0.02)


def test_where_no_day_is_known_as_a_whole_hours_are_forecast_and_days_refused() -> None:
    in_part = series(lambda day, minute: None if minute == 600 else minute // 60)
    found = outlook(in_part, BEGIN, 2, "hour", most_origins=8)
    first = [one for one in found.expected if one.day == BEGIN]
    assert [one.label for one in first][1] == "10:00"
    assert [round(one.forecast) for one in first if one.label != "10:00"] == [9, 11, 13, 14, 15]
    with pytest.raises(TooLittleHistory, match=r"no day .* wholly known; ask --by hour"):
        outlook(in_part, BEGIN, 2, "day", most_origins=8)


def test_hours_and_weekdays_that_are_new_are_forecast_as_their_neighbours() -> None:
    wider = SiteCalendar(
        "Europe/Paris",
        tuple(OpeningRule(None, None, weekday, time(8), time(16)) for weekday in range(1, 7)),
    )
    days = days_between(BEGIN, BEGIN + timedelta(days=6))
    future = [Observed(slot, None) for day in days for slot in wider.slots(day, 60)]
    history = series(lambda day, minute: 20).before(BEGIN)
    for model in (chosen, seasonal_naive):
        assert model(history, series_of(future, FLAGS)) == pytest.approx(20, rel=0.15)


def test_school_holidays_and_first_days_of_the_month_are_learnt() -> None:
    def count(day: date, minute: int) -> int:
        busy = 40 if is_school_holiday(day, "C") else 20
        return busy + 10 * is_month_start(day, CALENDAR)

    busy = series(count, history_weeks=60, flags=flags_of(CALENDAR, "C"))
    future = busy.between(BEGIN, BEGIN + timedelta(weeks=2, days=-1))
    found = dict(zip(future.slots, chosen(busy.before(BEGIN), future), strict=True))
    of_day = {slot.day: forecast for slot, forecast in found.items()}
    in_holidays, month_start, ordinary = (date(2026, *d) for d in ((4, 30), (5, 5), (5, 7)))
    assert of_day[in_holidays] > 1.4 * of_day[ordinary]
    assert of_day[month_start] > 1.1 * of_day[ordinary]


def test_nobody_for_months_is_forecast_as_nobody() -> None:
    first_month = BEGIN - timedelta(weeks=36)
    found = outlook(
        series(lambda day, minute: 3 if day < first_month else 0), BEGIN, 2, "hour", most_origins=8
    )
    assert max(one.forecast for one in found.expected) < 0.5


@pytest.mark.parametrize(
    ("count", "history_weeks", "says"),
    [
        (lambda day, minute: 20, 10, r"2 weeks needs 21 weeks .* begins on 2026-02-16: 10 weeks"),
        (lambda day, minute: None, 40, "holds nothing"),
        (
            lambda day, minute: 20 if day < date(2026, 3, 2) else None,
            40,
            "nothing is known after 2026-02-27.*--from 2026-02-28",
        ),
    ],
)
def test_too_little_history_is_refused_with_what_is_missing(
    count: Any, history_weeks: int, says: str
) -> None:
    with pytest.raises(TooLittleHistory, match=says):
        outlook(series(count, history_weeks=history_weeks), BEGIN, 2, "day", most_origins=8)


def test_with_just_enough_history_there_is_a_forecast() -> None:
    enough = series(poisson(), history_weeks=weeks_needed(2))
    assert outlook(enough, BEGIN, 2, "hour", most_origins=52).origins == 8


def test_mase_and_wape_are_those_worked_out_by_hand() -> None:
    forecasts, actuals = np.array([10.0, 20.0, 30.0]), np.array([12.0, 16.0, 32.0])
    assert mase(forecasts, actuals, 4.0) == pytest.approx((2 + 4 + 2) / 3 / 4)
    assert wape(forecasts, actuals) == pytest.approx(8 / 60)
    assert math.isnan(wape(np.array([1.0]), np.array([0.0])))


def test_the_scale_is_the_mean_weekly_difference_before_the_origin() -> None:
    # Every slot grows by 2 each week: seasonal naive errs by 2 a week ahead, by 4 two weeks ahead.
    def growing(day: date, minute: int) -> int:
        return 100 + 2 * (day.toordinal() // 7)

    history = series(growing).before(BEGIN)
    origin = BEGIN - timedelta(weeks=2)
    trials = roll(history, [origin], 2, "hour", model=seasonal_naive)
    assert trials.scale == pytest.approx(2.0, rel=0.02)
    errors = trials.errors.actuals - trials.errors.forecasts
    two_ahead = trials.errors.horizons == 2
    # Easter Monday was closed: the last known Monday is a week older.
    assert set(errors[two_ahead].tolist()) == {4.0, 6.0}
    assert set(trials.day_ordinals[errors == 6.0].tolist()) == {date(2026, 4, 20).toordinal()}


def test_a_model_sees_nothing_of_what_it_is_tested_on() -> None:
    origins = origins_of(BEGIN - timedelta(weeks=40), BEGIN - timedelta(days=1), 2, 8)
    assert origins[-1] + timedelta(weeks=2) == BEGIN
    seen: list[tuple[date, date]] = []

    def spy(history: Series, future: Series) -> Any:
        seen.append((history.days[-1], future.days[0]))
        assert np.isnan(history.counts).sum() == 0
        return seasonal_naive(history, future)

    trials = roll(series(poisson()).before(BEGIN), origins, 2, "day", model=spy)
    assert all(last < origin <= first for (last, first), origin in zip(seen, origins, strict=True))
    # The first origin has no known errors before it, so none of its counts is in an interval.
    within = covered(trials)
    assert all(np.isnan(column[trials.origin_of == 0]).all() for column in within)


def test_a_night_with_a_clock_change_has_one_forecast_for_each_of_its_hours() -> None:
    always = SiteCalendar(
        "Europe/Paris",
        tuple(
            OpeningRule(None, None, weekday, opens, closes)
            for weekday in range(1, 8)
            for opens, closes in ((time(0), time(12)), (time(12), time(23, 59)))
        ),
    )
    sunday = date(2026, 10, 25)
    first = sunday - timedelta(weeks=16)
    slots = [s for d in days_between(first, sunday) for s in always.slots(d, 60)]
    observed = [Observed(slot, 10 if slot.day < sunday else None) for slot in slots]
    whole = series_of(observed, flags_of(always, None))
    night = whole.between(sunday, sunday)
    forecast = chosen(whole.before(sunday), night)
    twice = [slot.start for slot in night.slots if slot.label == "02:00"]
    assert twice == [datetime(2026, 10, 25, hour, tzinfo=UTC) for hour in (0, 1)]
    assert len(forecast) == 25
    assert forecast == pytest.approx(10, rel=0.02)


@given(
    st.lists(st.integers(0, 60), min_size=40, max_size=120),
    st.floats(0, 100),
    st.sampled_from([0.8, 0.95]),
)
def test_bounds_are_whole_numbers_from_zero_and_hold_their_share_of_what_they_learnt(
    actuals: list[int], forecast: float, level: float
) -> None:
    n = len(actuals)
    errors = Errors(np.full(n, forecast), np.array(actuals, float), np.ones(n, dtype=np.int64))
    low, high = Intervals(errors).bounds(errors.forecasts, errors.horizons, level)
    assert (low >= 0).all()
    assert (low == np.floor(low)).all()
    assert (high == np.ceil(high)).all()
    inside = (errors.actuals >= low) & (errors.actuals <= high)
    assert inside.mean() >= level - 2 / n


def test_few_errors_give_no_interval() -> None:
    errors = Errors(np.full(39, 5.0), np.full(39, 6.0), np.ones(39, dtype=np.int64))
    low, high = Intervals(errors).bounds(np.array([5.0]), np.array([1]), 0.8)
    assert np.isnan(low).all()
    assert np.isnan(high).all()


def test_on_real_counts_of_a_street_it_beats_seasonal_naive_and_its_intervals_hold() -> None:
    street = sensor("61 Federal Street", date(2023, 7, 1), date(2025, 3, 31))
    found = backtest(street, 2, "hour", most_origins=40)
    score = found.trials[-1]
    assert score.model.mase < 0.95 * score.naive.mase
    assert score.model.coverage[0] == pytest.approx(0.80, abs=0.07)
    assert score.model.coverage[1] == pytest.approx(0.95, abs=0.05)
