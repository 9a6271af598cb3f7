"""The queue that is carried along: its limits are known, and it answers as one expects."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.planner.staffing import erlang
from services.planner.staffing.backlog import PeriodLoad, half_hours
from services.planner.staffing.hall import Hall
from services.planner.staffing.plan import Target, plan, share_of_period, stationary

MORNING = PeriodLoad(540, 720, 25.0, (10.0,) * 12)
SERVICE_S = 480.0
TARGET = Target(0.8, 1200)

small_loads = st.builds(
    lambda crowd, pieces: PeriodLoad(540, 540 + 15 * len(pieces), crowd, tuple(pieces)),
    st.floats(0, 15),
    st.lists(st.floats(0, 8), min_size=1, max_size=5),
)


def test_the_crowd_at_the_door_is_what_erlang_c_does_not_see() -> None:
    desks = [one.by_c for one in stationary(MORNING, SERVICE_S, None, TARGET)]
    # Averaged over the half hour, the crowd looks like a rush that never ends.
    assert desks == [13, 6, 6, 6, 6, 6]
    planned = plan(Hall(SERVICE_S, None, 1200), MORNING, 0.8)
    assert planned[0] < desks[0]
    # What it leaves behind must be served by those who come after.
    assert planned[1] > desks[1]


@pytest.mark.parametrize("patience_s", [None, 1800.0])
def test_a_hall_that_never_changes_settles_where_erlang_says(patience_s: float | None) -> None:
    rate = 10 / 900
    hall = Hall(SERVICE_S, patience_s, 300)
    state = hall.opening(0)
    for _ in range(40):
        state = hall.advance(state, rate, 7, 900)
    settled = erlang.within_a(7, rate * SERVICE_S, SERVICE_S, patience_s, 300)
    assert hall.within(state, ((7, 300.0),)) == pytest.approx(settled, abs=1e-4)
    assert sum(state) == pytest.approx(1, abs=1e-6)


def test_nobody_is_lost_while_all_wait() -> None:
    hall = Hall(SERVICE_S, None, 1200)
    state = hall.advance(hall.opening(25), 10 / 900, 0, 900)
    assert sum(n * chance for n, chance in enumerate(state)) == pytest.approx(35, abs=1e-3)
    assert hall.crowd_within(25, ((0, 1200.0),)) == 0


def test_a_crowd_alone_is_called_one_after_the_other() -> None:
    # One desk that serves half of the crowd in the time: the other half waits longer.
    hall = Hall(60.0, None, 3600)
    assert hall.crowd_within(120, ((1, 3600.0),)) == pytest.approx(0.5, abs=0.02)


@settings(max_examples=25)
@given(small_loads, st.integers(1, 4), st.sampled_from([None, 900.0, 3600.0]))
def test_more_desks_never_make_anybody_wait_longer(
    load: PeriodLoad, desks: int, patience_s: float | None
) -> None:
    hall = Hall(SERVICE_S, patience_s, 900)
    slots = len(load.slot_arrivals())
    by_desks = [
        [half.within for half in half_hours(hall, load, [desks + more] * slots)]
        for more in range(3)
    ]
    for fewer, more in pairwise(by_desks):
        assert all(one <= other + 1e-6 for one, other in zip(fewer, more, strict=True))


@settings(max_examples=15)
@given(small_loads, st.sampled_from([0.5, 0.8, 0.95]), st.sampled_from([None, 3600.0]))
def test_a_plan_meets_its_target_and_can_spare_no_desk(
    load: PeriodLoad, share: float, patience_s: float | None
) -> None:
    hall = Hall(SERVICE_S, patience_s, 600)
    desks = plan(hall, load, share)
    assert all(half.within >= share for half in half_hours(hall, load, desks))
    for slot, open_desks in enumerate(desks):
        if open_desks > 1:
            fewer = [*desks[:slot], open_desks - 1, *desks[slot + 1 :]]
            assert any(half.within < share for half in half_hours(hall, load, fewer))


def test_the_queue_of_a_half_hour_with_too_few_desks_is_paid_for_later() -> None:
    hall = Hall(SERVICE_S, None, 1200)
    even = list(half_hours(hall, MORNING, [7] * 6))
    late_start = list(half_hours(hall, MORNING, [4, 7, 7, 7, 7, 7]))
    assert all(late.within < one.within for late, one in zip(late_start, even, strict=True))
    assert share_of_period(MORNING, late_start)[0] < share_of_period(MORNING, even)[0]


def test_visitors_before_a_change_wait_for_the_desks_after_it() -> None:
    hall = Hall(SERVICE_S, None, 1200)
    stays, closes = (
        list(half_hours(hall, MORNING, [7, 7, *later])) for later in ([7, 7, 7, 7], [1, 7, 7, 7])
    )
    assert closes[0].within == pytest.approx(stays[0].within, abs=1e-6) or (
        closes[0].within < stays[0].within
    )
    assert closes[1].within < stays[1].within - 0.05
