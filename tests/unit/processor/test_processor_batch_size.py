"""How large a batch may become."""

from __future__ import annotations

import pytest

from services.processor.batch_size import FEWEST_EVENTS, LONGEST_S, MOST_BYTES, BatchSize

SMALL = 350
"""Bytes of an event."""


def after(size: BatchSize, batches: int, *, event_bytes: int = SMALL, took_s: float = 0.1) -> int:
    """What the size comes to when so many batches have come as full as it allowed."""
    for _ in range(batches):
        size.learn(events=size.events, size_bytes=size.events * event_bytes, took_s=took_s)
    return size.events


def test_under_a_backlog_batches_grow_to_the_most_and_no_further() -> None:
    assert after(BatchSize(8_000), 10) == 8_000


def test_a_setting_below_the_usual_beginning_is_kept() -> None:
    assert after(BatchSize(1), 3) == 1


def test_batches_that_come_nearly_empty_do_not_grow() -> None:
    size = BatchSize(8_000)
    size.learn(events=3, size_bytes=3 * SMALL, took_s=0.01)
    assert size.events == FEWEST_EVENTS


def test_slow_transactions_become_shorter_but_never_one_by_one() -> None:
    size = BatchSize(8_000)
    full = after(size, 10)
    assert after(size, 1, took_s=LONGEST_S + 1) == full // 2
    assert after(size, 10, took_s=LONGEST_S + 1) == FEWEST_EVENTS


@pytest.mark.parametrize("event_bytes", [2_000, 16_384, 1_000_000])
def test_large_events_make_small_batches(event_bytes: int) -> None:
    events = after(BatchSize(100_000), 20, event_bytes=event_bytes)
    assert 1 <= events <= max(1, MOST_BYTES // event_bytes)


def test_after_large_events_batches_grow_again() -> None:
    size = BatchSize(8_000)
    after(size, 5, event_bytes=16_384)
    assert after(size, 10) == 8_000
