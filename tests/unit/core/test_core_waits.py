"""The wait sketch: bins merge, and its quantiles are within the stated error of the true ones."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.waits import RELATIVE_ERROR, bin_of, quantile, share_within, value_of

ERROR = RELATIVE_ERROR + 1e-6
durations_ms = st.lists(st.integers(0, 12 * 3_600_000), min_size=1, max_size=20)
quick = settings(max_examples=200, deadline=None, derandomize=True)


def bins_of(durations: list[int]) -> Counter[int]:
    return Counter(map(bin_of, durations))


@quick
@given(durations_ms, st.sampled_from([0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1]))
def test_26_a_quantile_is_within_the_error_of_the_exact_one(durations: list[int], q: float) -> None:
    exact_s = sorted(durations)[max(1, math.ceil(q * len(durations))) - 1] / 1000
    read = quantile(bins_of(durations), q)
    assert read is not None
    assert abs(read - exact_s) <= (exact_s * ERROR if exact_s >= 1 else 1)


@quick
@given(durations_ms, durations_ms)
def test_26_bins_of_two_periods_add_up_and_subtracting_leaves_nothing(
    one: list[int], other: list[int]
) -> None:
    merged = bins_of(one) + bins_of(other)
    assert merged == bins_of(one + other)
    merged.subtract(bins_of(other))
    assert +merged == bins_of(one)
    merged.subtract(bins_of(one))
    assert not any(merged.values())
    assert quantile(merged, 0.5) is None


@quick
@given(durations_ms, st.integers(1, 3600))
def test_a_share_errs_only_on_waits_next_to_the_threshold(
    durations: list[int], threshold_s: int
) -> None:
    share, n = share_within(bins_of(durations), threshold_s)
    least, most = (
        sum(d / 1000 <= threshold_s * factor for d in durations)
        for factor in (1 - 0.021, 1 + 0.021)
    )
    assert n == len(durations)
    assert share is not None
    assert least <= round(share * n) <= most


def test_a_share_of_nothing_is_unknown_and_not_zero() -> None:
    assert share_within({}, 1200) == (None, 0)


@pytest.mark.parametrize("duration_ms", [0, 1, 999])
def test_less_than_a_second_is_bin_0(duration_ms: int) -> None:
    assert (bin_of(duration_ms), value_of(0)) == (0, 0.0)


@quick
@given(st.integers(1000, 10**14))
def test_every_duration_lies_within_the_error_of_its_bins_value(duration_ms: int) -> None:
    assert abs(value_of(bin_of(duration_ms)) * 1000 - duration_ms) <= duration_ms * ERROR
    assert bin_of(duration_ms) < 2**15  # a smallint


@pytest.mark.parametrize("q", [-0.01, 1.01, math.nan])
def test_a_quantile_outside_0_and_1_is_refused(q: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantile({1: 1}, q)
