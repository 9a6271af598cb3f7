"""Which minutes a heartbeat vouches for."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.calendar import to_us
from services.core.coverage import covered_minutes

START = datetime(2026, 10, 25, 0, 50, tzinfo=UTC)
"""Ten minutes before the clock goes back."""


def minutes_of(masks: dict[int, int]) -> list[int]:
    """Minutes since 1970."""
    return [
        start // 60_000_000 + bit
        for start, mask in masks.items()
        for bit in range(15)
        if mask >> bit & 1
    ]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.integers(0, 59_999_999),
    st.lists(st.integers(1, 3600), min_size=1, max_size=8),
)
def test_consecutive_heartbeats_cover_each_minute_exactly_once(
    begins_us: int, spans_s: list[int]
) -> None:
    begins = at = START + timedelta(microseconds=begins_us)
    covered: Counter[int] = Counter()
    for span_s in spans_s:
        at += timedelta(seconds=span_s)
        covered.update(minutes_of(covered_minutes(at, span_s)))
    # A minute is covered when its middle is.
    first, end = ((to_us(x) + 30_000_000) // 60_000_000 for x in (begins, at))
    assert covered == dict.fromkeys(range(first, end), 1)


@pytest.mark.parametrize("covers_s", [0, 29])
def test_a_heartbeat_of_a_moment_covers_no_minute(covers_s: int) -> None:
    assert covered_minutes(START, covers_s) == {}


def test_a_quarter_of_an_hour_is_fifteen_bits_of_one_bucket() -> None:
    quarter = datetime(2026, 11, 16, 9, 15, tzinfo=UTC)
    begins = to_us(quarter - timedelta(minutes=15))
    assert covered_minutes(quarter, 900) == {begins: 0b111_1111_1111_1111}


def test_no_bit_lies_past_the_fifteenth() -> None:
    masks = covered_minutes(datetime(2026, 11, 16, 9, 37, 31, tzinfo=UTC), 3600)
    assert all(0 < mask < 1 << 15 for mask in masks.values())
