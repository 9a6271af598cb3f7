"""Ids that turn out to be one visit."""

from __future__ import annotations

from itertools import permutations

import pytest

from services.core.joins import StoredVisit, change_visits, ids_to_load
from tests.unit.core.histories import DMI, Memory, Of, counts, fact


def ticket(visit_id: str) -> Of:
    return visit_id, fact("ticket_issued", 0, f"ticket-{visit_id}", **DMI, channel="kiosk")


def join(one: str, other: str) -> Of:
    return one, fact("correction", 30, f"{one}={other}", joins=other)


CHAIN = (ticket("a"), ticket("b"), ticket("c"), join("a", "b"), join("c", "b"))


def test_a_chain_of_joins_is_one_visit_in_whatever_order_it_is_told() -> None:
    seen = set()
    for told in permutations(CHAIN):
        memory = Memory()
        for of in told:
            memory.record([of])
        (visit,) = memory.visits.values()
        assert {memory.root(i) for i in "abc"} == {"a"}
        assert counts(visit)["passages"] == memory.footfall_total("passages") == 1
        seen.add(visit.tickets)
    assert seen == {3}


def test_a_visit_that_points_through_another_is_found_and_then_points_straight() -> None:
    memory = Memory()
    for of in (ticket("c"), join("d", "c"), join("c", "b"), join("b", "a")):
        memory.record([of])
    assert memory.stored["d"].joined_to == "c"
    memory.record([("d", fact("called", 5))])
    assert memory.stored["d"].joined_to == "a"
    assert memory.visits["a"].state == "called"


def test_a_join_to_itself_joins_nothing() -> None:
    memory = Memory()
    memory.record([ticket("a"), join("a", "a")])
    assert memory.footfall_total("passages") == 1
    assert memory.stored.keys() == {"a"}


def test_a_join_before_either_visit_is_known_counts_nobody_and_then_one() -> None:
    memory = Memory()
    memory.record([join("b", "a")])
    assert not memory.footfall
    for visit_id in ("b", "a"):
        memory.record([ticket(visit_id)])
        assert memory.footfall_total("passages") == 1


def test_joining_two_counted_visits_takes_one_passage_back() -> None:
    memory = Memory()
    memory.record([ticket("a"), ticket("b")])
    (change,) = memory.record([join("b", "a")])
    assert (len(change.before), change.joined) == (2, ["b"])
    assert memory.footfall_total("passages") == 1
    assert memory.footfall_total("tickets") == 2


def test_a_correction_may_take_back_an_event_of_the_id_it_was_joined_to() -> None:
    memory = Memory()
    memory.record([ticket("a")])
    memory.record([("b", fact("correction", 9, "c", corrects="ticket-a"))])
    assert memory.footfall_total("passages") == 1
    memory.record([join("b", "a")])
    assert not memory.footfall


def test_only_the_touched_visits_and_what_they_join_are_loaded() -> None:
    facts = {"c": [join("c", "b")[1]], "d": [ticket("d")[1]]}
    assert ids_to_load(facts) == {"b", "c", "d"}


@pytest.mark.parametrize("loaded", [["a"], ["a", "b"]])
def test_a_group_is_changed_by_its_root_alone(loaded: list[str]) -> None:
    history = [one for _, one in (ticket("a"), ticket("b"), join("b", "a"))]
    everything = {"a": StoredVisit("a", None, history, 3), "b": StoredVisit("b", "a", [], 1)}
    stored = {i: everything[i] for i in loaded}
    (change,) = change_visits(stored, {"a": [fact("called", 5)]})
    assert (change.visit_id, change.joined, change.after.tickets) == ("a", [], 2)
