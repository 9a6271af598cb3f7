"""What a weekday brings: the crowd at the door, the days that speak for it, and patience."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pytest

from services.planner.staffing.backlog import PeriodLoad
from services.planner.staffing.days import Opening, choose, hours_on, next_open
from services.planner.staffing.demand import (
    Demand,
    QuarterHour,
    Service,
    measured,
    service_time,
)
from services.planner.staffing.patience import Patience, WaitCell, estimate
from services.planner.staffing.scenario import joined, more_desks, scaled

MONDAY = date(2026, 11, 16)
MORNING_AND_AFTERNOON = ((540, 720), (810, 960))
SERVICE = Service(480, 0.7, 100)


def quarter(minute: int, arrivals: int, day: date = MONDAY, service: str = "sejour") -> QuarterHour:
    return QuarterHour(day, minute, service, arrivals, 0, 0, arrivals, 0, arrivals, 0)


def test_the_crowd_is_who_came_before_and_what_the_first_quarter_has_above_the_second() -> None:
    rows = [quarter(525, 12), quarter(540, 30), quarter(555, 10), quarter(795, 4), quarter(810, 3)]
    rows += [quarter(825, 6), quarter(965, 2)]
    demand = measured(rows, [MONDAY], MORNING_AND_AFTERNOON, service=SERVICE)
    morning, afternoon = demand.mean()
    assert (morning.crowd, *morning.pieces[:2]) == pytest.approx((32, 10, 10))
    # Those of the lunch break wait for the afternoon; a quiet first quarter is no crowd.
    assert (afternoon.crowd, *afternoon.pieces[:2]) == pytest.approx((4, 3, 6))
    assert demand.after_closing == 2
    assert demand.total() == 12 + 30 + 10 + 4 + 3 + 6


def test_a_day_without_anybody_counts_in_the_mean() -> None:
    days = [MONDAY - timedelta(days=7 * n) for n in range(4)]
    demand = measured([quarter(600, 8)], days, ((540, 720),), service=SERVICE)
    assert demand.mean()[0].pieces[4] == 2
    assert demand.slot_quantile(0.9)[0][2] == 8
    assert demand.slot_quantile(0.5)[0][2] == 0


def test_the_time_that_a_visitor_takes_has_what_is_between_two_of_them() -> None:
    rows = [QuarterHour(MONDAY, 600, "sejour", 2, 0, 0, 2, 0, 2, 2 * 300_000)]
    assert service_time(rows, {200.0: 1, 400.0: 1}, 60) == Service(
        360, pytest.approx(141.42 / 360, abs=1e-3), 2
    )
    assert service_time([quarter(600, 0)], {}, 60) is None


WEEK = [Opening(None, None, weekday, 540, 720) for weekday in range(1, 6)]


def test_days_that_were_closed_or_not_seen_do_not_speak_for_a_weekday() -> None:
    mondays = [MONDAY - timedelta(days=7 * n) for n in range(5)]
    coverage = {mondays[0]: 1.0, mondays[1]: 0.5, mondays[2]: 0.0, mondays[3]: 1.0}
    chosen = choose(mondays[::-1], WEEK, {mondays[3]}, coverage, recorded={mondays[4]})
    # Half seen, and not heard without any count, are left out; imported history is not.
    assert chosen.days == (mondays[4], mondays[0])
    assert (chosen.unseen, chosen.other_hours) == (2, 0)


def test_days_with_other_opening_hours_do_not_speak_for_todays() -> None:
    mondays = [MONDAY - timedelta(days=7 * n) for n in range(3)]
    opening = [
        Opening(None, mondays[0], 1, 600, 720),
        Opening(mondays[0], None, 1, 540, 720),
    ]
    chosen = choose(mondays[::-1], opening, (), dict.fromkeys(mondays, 1.0), ())
    assert (chosen.days, chosen.hours, chosen.other_hours) == ((mondays[0],), ((540, 720),), 2)


def test_the_next_open_day_is_after_the_weekend_and_the_holiday() -> None:
    friday = date(2026, 12, 24)  # a Thursday: Christmas is the Friday
    assert next_open(friday, WEEK, {date(2026, 12, 25)}) == date(2026, 12, 28)
    assert hours_on(date(2026, 12, 25), WEEK, {date(2026, 12, 25)}) == ()
    assert next_open(friday, [], ()) is None


@pytest.mark.parametrize("patience_s", [900.0, 3600.0, 14400.0])
def test_patience_is_found_again_from_those_who_were_gone_when_called(patience_s: float) -> None:
    rng = Random(4)
    cells = []
    for _ in range(1500):
        wait_s = rng.uniform(0, 2400)
        gone = sum(rng.expovariate(1 / patience_s) < wait_s for _ in range(10))
        seen_leaving = gone // 3
        called = 10 - seen_leaving
        cells.append(WaitCell(called, called * wait_s, gone - seen_leaving, seen_leaving))
    found = estimate(cells)
    assert found.mean_s == pytest.approx(patience_s, rel=0.05)
    assert found.gone + found.stayed == 15_000


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param([], id="nobody came"),
        pytest.param([WaitCell(10, 6000.0, 0, 0)], id="nobody left"),
        pytest.param([WaitCell(0, 0.0, 0, 5)], id="nobody was called"),
        pytest.param([WaitCell(3, 900.0, 3, 0)], id="nobody stayed"),
        pytest.param([WaitCell(3, 0.0, 1, 0)], id="nobody waited"),
    ],
)
def test_patience_that_cannot_be_estimated_is_none(cells: list[WaitCell]) -> None:
    assert estimate(cells).mean_s is None


def demand_of(*loads: PeriodLoad, service: Service = SERVICE) -> Demand:
    hours = tuple((load.opens_min, load.closes_min) for load in loads)
    return Demand(hours, (loads,), service, Patience(None, 0, 0))


def test_more_demand_is_more_of_everything() -> None:
    demand = demand_of(PeriodLoad(540, 600, 10.0, (4.0, 4.0, 2.0, 2.0)))
    more = scaled(demand, 1.2)
    assert more.mean()[0].crowd == pytest.approx(12)
    assert more.total() == pytest.approx(demand.total() * 1.2)
    with pytest.raises(ValueError, match="-1"):
        scaled(demand, -1)


def test_who_comes_while_the_other_site_is_closed_stands_at_its_door() -> None:
    here = demand_of(PeriodLoad(540, 720, 0.0, (0.0,) * 12), PeriodLoad(810, 960, 0.0, (0.0,) * 10))
    moved = demand_of(PeriodLoad(510, 1020, 5.0, (1.0,) * 34), service=Service(960, 0.5, 50))
    both = joined(here, moved)
    morning, afternoon = both.mean()
    # Before 9: the crowd of 8:30 and two quarters, and after the last closing four.
    assert morning.crowd == 5 + 2 + 4
    assert afternoon.crowd == 6
    assert both.total() == moved.total()
    assert both.service.mean_s == pytest.approx(960)


def test_two_kinds_of_visitors_take_their_mean_time() -> None:
    short = demand_of(PeriodLoad(540, 555, 0.0, (30.0,)), service=Service(300, 0.0, 30))
    long = demand_of(PeriodLoad(540, 555, 0.0, (10.0,)), service=Service(900, 0.0, 10))
    mixed = joined(short, long).service
    assert mixed.mean_s == pytest.approx(450)
    # Two constants in the ratio 3 to 1 have a spread of their own.
    assert mixed.cv * mixed.mean_s == pytest.approx((0.75 * 150**2 + 0.25 * 450**2) ** 0.5)


def test_one_desk_less_leaves_one() -> None:
    assert more_desks([3, 1, 2], -1) == [2, 1, 1]
