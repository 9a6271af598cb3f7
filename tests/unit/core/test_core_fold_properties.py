"""Over made-up histories: what holds for any order, any duplication and any split into batches."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.core.footfall import difference
from services.core.joins import change_visits
from services.core.visits import OUTCOMES, union
from tests.unit.core.histories import Memory, Of, histories, in_batches

SEEDS = st.integers(0, 2**32)


def checked(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )


def at_once(history: list[Of]) -> Memory:
    memory = Memory()
    memory.record(history)
    return memory


@checked(700)
@given(histories(), SEEDS)
def test_any_order_duplication_and_batching_gives_the_same_visits_and_counts(
    history: list[Of], seed: int
) -> None:
    expected = at_once(history)
    memory = Memory()
    for batch in in_batches(history, seed):
        memory.record(batch)
    assert memory.visits == expected.visits
    assert memory.footfall == expected.footfall
    assert {i: memory.root(i) for i in memory.stored} == {
        i: expected.root(i) for i in expected.stored
    }


@checked(500)
@given(histories(), SEEDS)
def test_the_differences_add_up_to_the_end_state_and_no_count_is_ever_negative(
    history: list[Of], seed: int
) -> None:
    memory = Memory()
    for batch in in_batches(history, seed):
        memory.record(batch)
        assert min(memory.measures.values(), default=0) >= 0
        assert min(memory.bins.values(), default=0) >= 0
        assert min(memory.transfers.values(), default=0) >= 0
        assert memory.footfall == difference((), memory.visits.values())


@checked(600)
@given(histories())
def test_a_present_visit_is_one_passage_and_its_stays_balance(history: list[Of]) -> None:
    for visit in at_once(history).visits.values():
        counted: Counter[str] = Counter()
        footfall = difference((), [visit])
        for row in footfall.measures.values():
            counted.update(row)
        present = bool(visit.stays)
        assert counted["passages"] + counted["test"] + counted["time_uncertain"] == present
        open_stays = counted["queue_entries"] - sum(counted[outcome] for outcome in OUTCOMES)
        assert open_stays == (visit.stays[-1].outcome is None if counted["passages"] else 0)
        assert all(stay.outcome is not None for stay in visit.stays[:-1])
        assert counted["redirected"] <= counted["transferred"]
        # Every stay but the first was sent there from the one before.
        sent_on = counted["queue_entries"] - counted["passages"]
        assert sum(footfall.transfers.values()) == sent_on >= counted["transferred"]
        assert counted["waits"] == counted["last_call_waits"] <= counted["queue_entries"]


@checked(400)
@given(histories(), SEEDS)
def test_the_union_of_histories_is_commutative_associative_and_idempotent(
    history: list[Of], seed: int
) -> None:
    facts = [one for _, one in history]
    chance = random.Random(seed)
    a, b, c = (chance.choices(facts, k=len(facts)) for _ in range(3))
    assert union(a, union(b, c)) == union(union(c, a), b) == union(a, b, c)
    assert union(a, a) == union(union(a)) == union(a)


@checked(300)
@given(histories(), SEEDS)
def test_a_replay_of_everything_changes_no_bucket(history: list[Of], seed: int) -> None:
    memory = at_once(history)
    before = memory.footfall
    random.Random(seed).shuffle(history)
    changes = memory.record(history)
    assert memory.footfall == before
    assert all(change.joined == [] and [change.after] == change.before for change in changes)


@checked(300)
@given(histories())
def test_the_audit_finds_what_the_processor_kept(history: list[Of]) -> None:
    memory = Memory()
    for of in reversed(history):
        memory.record([of])
    facts: dict[str, list] = {}
    for visit_id, one in history:
        facts.setdefault(visit_id, []).append(one)
    recomputed = difference((), (change.after for change in change_visits({}, facts)))
    assert memory.footfall == recomputed
