"""Open slots and what was counted in them: closed is not there, unknown is not zero."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.planner.slots.calendar import OpeningRule, SiteCalendar
from services.planner.slots.observed import observe

PARIS = "Europe/Paris"
MONDAY = date(2026, 11, 16)


def open_from_to(opens: time, closes: time, weekdays: range = range(1, 8)) -> SiteCalendar:
    return SiteCalendar(PARIS, tuple(OpeningRule(None, None, w, opens, closes) for w in weekdays))


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """An instant of winter time in Paris."""
    return datetime(day.year, day.month, day.day, hour - 1, minute, tzinfo=UTC)


def test_slots_follow_the_clock_and_end_with_the_opening() -> None:
    rules = (
        OpeningRule(None, None, 1, time(8, 30), time(12)),
        OpeningRule(None, None, 1, time(13, 30), time(14, 10)),
    )
    calendar = SiteCalendar(PARIS, rules)
    hours = calendar.slots(MONDAY, 60)
    assert [slot.label for slot in hours] == ["08:00", "09:00", "10:00", "11:00", "13:00", "14:00"]
    quarters = calendar.slots(MONDAY, 15)
    assert [slot.label for slot in quarters][-3:] == ["13:30", "13:45", "14:00"]
    assert quarters[0].start == at(MONDAY, 8, 30)
    assert calendar.slots(MONDAY + timedelta(days=1), 15) == ()


@pytest.mark.parametrize(
    ("day", "count"),
    [(date(2026, 10, 25), 25), (date(2026, 3, 29), 23), (date(2026, 3, 30), 24)],
)
def test_a_day_on_which_the_clock_changes_has_the_hours_it_has(day: date, count: int) -> None:
    rules = tuple(
        OpeningRule(None, None, w, opens, closes)
        for w in range(1, 8)
        for opens, closes in ((time(0), time(12)), (time(12), time(23, 59)))
    )
    slots = SiteCalendar(PARIS, rules).slots(day, 60)
    assert len(slots) == len({slot.start for slot in slots}) == count
    assert sum(slot.label == "02:00" for slot in slots) == count - 23


def test_rules_sites_and_closures_have_their_dates() -> None:
    rules = (
        OpeningRule(None, MONDAY, 1, time(9), time(10)),
        OpeningRule(MONDAY, None, 1, time(9), time(11)),
    )
    calendar = SiteCalendar(PARIS, rules, {MONDAY + timedelta(weeks=1): "Pont"}, None, None)
    weeks = [len(calendar.slots(MONDAY + timedelta(weeks=n), 60)) for n in (-1, 0, 1, 2)]
    assert weeks == [1, 2, 0, 2]
    ended = SiteCalendar(PARIS, rules, {}, None, MONDAY)
    assert not ended.is_open(MONDAY)


def seen(
    counts: dict[datetime, int], coverage: dict[datetime, float], site_days: frozenset[date]
) -> tuple[list[int | None], int]:
    found = observe(
        open_from_to(time(9), time(12)),
        MONDAY,
        MONDAY,
        60,
        counts=counts,
        site_days=site_days,
        coverage=coverage,
    )
    return [one.passages for one in found.slots], found.outside


def test_an_hour_that_devices_did_not_see_is_unknown_and_not_zero() -> None:
    coverage = {at(MONDAY, 9): 1.0, at(MONDAY, 10): 0.5, at(MONDAY, 11): 0.95}
    counts = {at(MONDAY, 10): 4}
    assert seen(counts, coverage, frozenset({MONDAY})) == ([0, None, 0], 0)


def test_before_the_first_sign_of_life_a_day_is_known_when_anybody_was_counted() -> None:
    counts = {at(MONDAY, 10, 45): 4}
    assert seen(counts, {}, frozenset({MONDAY}))[0] == [0, 4, 0]
    assert seen({}, {}, frozenset())[0] == [None, None, None]


def test_who_stands_at_the_door_belongs_to_the_slot_beside() -> None:
    counts = {at(MONDAY, 8, 45): 3, at(MONDAY, 12, 0): 2, at(MONDAY, 7, 0): 5, at(MONDAY, 9): 1}
    assert seen(counts, {}, frozenset({MONDAY})) == ([4, 0, 2], 5)


@given(
    st.dictionaries(
        st.integers(0, 95).map(lambda n: at(MONDAY, 1) + timedelta(minutes=15 * n)),
        st.integers(0, 50),
    )
)
def test_every_passage_is_in_one_slot_or_outside(counts: dict[datetime, int]) -> None:
    slots, outside = seen(counts, {}, frozenset({MONDAY}))
    assert sum(passages or 0 for passages in slots) + outside == sum(counts.values())
