"""The whole answer of a day with a lunch break, and how a planner sees it."""

from __future__ import annotations

import io
from datetime import date

import pytest
from rich.console import Console

from services.planner.staffing.answer import Answer, answer
from services.planner.staffing.backlog import PeriodLoad
from services.planner.staffing.days import ChosenDays
from services.planner.staffing.demand import Demand, Service
from services.planner.staffing.patience import Patience
from services.planner.staffing.plan import Target
from services.planner.staffing.screen import notes, rows, staffing_table

TARGET = Target(0.8, 900)
HOURS = ((540, 630), (810, 885))
DAYS = tuple(
    (
        PeriodLoad(540, 630, 8.0 * busy, (5.0 * busy,) * 6),
        PeriodLoad(810, 885, 2.0 * busy, (3.0 * busy,) * 5),
    )
    for busy in (0.5, 1.0, 1.5)
)
DEMAND = Demand(HOURS, DAYS, Service(480, 0.6, 120), Patience(2400, 4, 116), after_closing=0.4)
CHOSEN = ChosenDays((date(2026, 11, 2), date(2026, 11, 9), date(2026, 11, 16)), HOURS, 10, 1)


@pytest.fixture(scope="module")
def found() -> Answer:
    return answer(DEMAND, TARGET)


def test_a_day_is_answered_by_half_hour_and_as_a_whole(found: Answer) -> None:
    assert [(slot.from_min, slot.to_min) for slot in found.slots] == [
        *((540, 570), (570, 600), (600, 630)),
        *((810, 840), (840, 870), (870, 885)),
    ]
    assert [slot.at_door for slot in found.slots] == [8, 0, 0, 2, 0, 0]
    assert all(slot.within >= TARGET.share for slot in found.slots)
    fewer, same, more = found.what_if
    assert fewer.within < same.within < more.within
    assert same.within == found.within
    assert found.simulated == pytest.approx(found.within, abs=0.05)
    # The quiet day waits less than the busy one.
    quiet, _, busy = found.replayed
    assert quiet > busy
    assert answer(DEMAND, TARGET) == found


def test_desks_may_be_given_for_the_day_or_for_each_half_hour(found: Answer) -> None:
    one = answer(DEMAND, TARGET, [1])
    assert {slot.desks for slot in one.slots} == {1}
    assert [slot.planned for slot in one.slots] == [slot.planned for slot in found.slots]
    assert one.within < found.within
    assert one.ends_late_s > found.ends_late_s
    assert one.slots[0].longest_wait_s > found.slots[0].longest_wait_s
    planned = [slot.planned for slot in found.slots]
    assert answer(DEMAND, TARGET, planned) == found
    with pytest.raises(ValueError, match="2 numbers of desks for 6 half hours"):
        answer(DEMAND, TARGET, [1, 2])


def test_the_table_fits_eighty_columns_and_says_what_it_rests_on(found: Answer) -> None:
    screen = io.StringIO()
    Console(file=screen, width=80).print(
        staffing_table("sp-lhay, Monday", found, TARGET, given=True)
    )
    printed = screen.getvalue()
    assert "…" not in printed
    assert "14:30–14:45" in printed
    said = "\n".join(notes(DEMAND, CHOSEN, found, TARGET, 60))
    assert "Rests on 3 days, 2026-11-02 to 2026-11-16. A visitor takes 8.0 min" in said
    assert "10 more left out: devices were not heard" in said
    assert "1 more left out: the site had other opening hours" in said
    assert "Patience 40 min in the mean" in said
    assert "too few to rely on: fewer than 10" in said
    assert "0.4 arrivals a day after closing are in no half hour" in said
    assert [row["from"] for row in rows("here", "mon", DEMAND, found)][3] == "13:30"


def test_patience_that_is_not_known_is_said_to_be() -> None:
    demand = Demand(HOURS, DAYS, DEMAND.service, Patience(None, 0, 120))
    quiet = answer(demand, Target(0.5, 1800))
    said = "\n".join(notes(demand, CHOSEN, quiet, Target(0.5, 1800), 60))
    assert "Patience cannot be estimated (0 gone, 120 stayed)" in said
    assert all(slot.textbook.by_a == slot.textbook.by_c for slot in quiet.slots)
