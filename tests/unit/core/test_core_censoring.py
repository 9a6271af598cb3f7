"""Waits that are still open: a figure has bounds, and the truth lies between them."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.censoring import Bounded, quantile_between, share_within
from services.core.waits import bin_of, quantile
from services.core.waits import share_within as exact_share

quick = settings(max_examples=200, deadline=None, derandomize=True)
TEN_AND_THIRTY = Counter([bin_of(600_000), bin_of(1_800_000)])


def test_open_waits_past_the_threshold_are_over_it_already() -> None:
    assert share_within(TEN_AND_THIRTY, [1500, 4000], 1200) == Bounded(4, 2, 0.25, 0.25)


def test_open_waits_below_the_threshold_are_all_over_or_all_within() -> None:
    assert share_within(TEN_AND_THIRTY, [300, 4000], 1200) == Bounded(4, 2, 0.25, 0.5)


def test_an_open_wait_of_just_the_threshold_may_still_end_within_it() -> None:
    assert share_within({}, [1200], 1200) == Bounded(1, 1, 0, 1)
    assert share_within({}, [1200.001], 1200) == Bounded(1, 1, 0, 0)


def test_without_open_waits_the_bounds_meet() -> None:
    share = share_within(TEN_AND_THIRTY, [], 1200)
    assert share == Bounded(2, 0, 0.5, 0.5)
    median = quantile_between(TEN_AND_THIRTY, [], 0.5)
    assert median.low == median.high == quantile(TEN_AND_THIRTY, 0.5)


def test_nobody_waiting_and_nobody_called_is_unknown_and_not_zero() -> None:
    assert share_within({}, [], 1200) == Bounded(0, 0, None, None)
    assert quantile_between({}, [], 0.5) == Bounded(0, 0, None, None)


def test_a_quantile_among_open_waits_has_no_upper_bound() -> None:
    p90 = quantile_between(TEN_AND_THIRTY, [60], 0.9)
    assert (p90.n, p90.censored, p90.high) == (3, 1, None)
    assert p90.low == pytest.approx(1800, rel=0.021)


@quick
@given(
    st.lists(st.tuples(st.integers(0, 7_200_000), st.none() | st.integers(0, 7_200_000))),
    st.integers(1, 5400),
    st.sampled_from([0.1, 0.5, 0.9]),
)
def test_the_true_figure_lies_between_the_bounds(
    waits: list[tuple[int, int | None]], threshold_s: int, q: float
) -> None:
    # Each wait with its age when asked, where it was open then.
    closed = Counter(bin_of(wait) for wait, age in waits if age is None or age >= wait)
    still_open = [(wait, age) for wait, age in waits if age is not None and age < wait]
    ages_s = [age / 1000 for _, age in still_open]
    in_the_end = closed + Counter(bin_of(wait) for wait, _ in still_open)

    share = share_within(closed, ages_s, threshold_s)
    true_share, n = exact_share(in_the_end, threshold_s)
    between = quantile_between(closed, ages_s, q)
    true_quantile = quantile(in_the_end, q)
    assert share.n == between.n == n == len(waits)
    assert share.censored == between.censored == len(still_open)
    if true_share is None or true_quantile is None:
        assert share.low is share.high is between.low is between.high is None
        return
    # One next to the threshold may stand on its other side in the sketch.
    near = sum(abs(wait / 1000 - threshold_s) <= threshold_s * 0.05 for wait, _ in waits) / n
    assert share.low is not None
    assert share.high is not None
    assert share.low - near <= true_share <= share.high + near
    assert between.low is not None
    assert between.low <= true_quantile <= (math.inf if between.high is None else between.high)
