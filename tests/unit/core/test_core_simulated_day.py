"""The rules against the simulator's true counts: a whole day, in the order in which it happened."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date

import pytest

from schemas.codec import decode
from schemas.events import DeviceStarted, Heartbeat
from schemas.registry import Registry
from services.core.calendar import to_us
from services.core.facts import Fact, fact_of
from services.core.footfall import Footfall, difference
from services.core.joins import StoredVisit, change_visits, ids_to_load
from services.simulator.messages import as_messages
from services.simulator.simulation import Simulation, generate

MONDAY = date(2026, 11, 16)


@pytest.fixture(scope="module")
def simulation(registry: Registry) -> Simulation:
    return generate(registry, MONDAY, 1, seed=7, scale=0.03)


def batches_of(simulation: Simulation, size: int, seed: int | None) -> list[list[tuple[str, Fact]]]:
    facts = []
    for message in as_messages(simulation):
        event = decode(message.value)
        if isinstance(event, Heartbeat | DeviceStarted):
            continue
        facts.append((str(event.visit_id), fact_of(event, to_us(event.occurred_at))))
    if seed is not None:
        random.Random(seed).shuffle(facts)
    return [facts[i : i + size] for i in range(0, len(facts), size)]


def fold_batches(batches: list[list[tuple[str, Fact]]]) -> Footfall:
    stored: dict[str, StoredVisit] = {}
    total: dict[object, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for batch in batches:
        facts: dict[str, list[Fact]] = defaultdict(list)
        for visit_id, fact in batch:
            facts[visit_id].append(fact)
        changes = change_visits(with_joined(stored, ids_to_load(facts)), facts)
        for change in changes:
            stored[change.visit_id] = StoredVisit(change.visit_id, None, change.history, 1)
            for visit_id in change.joined:
                stored[visit_id] = StoredVisit(visit_id, change.visit_id, [], 1)
        footfall = difference(
            (v for change in changes for v in change.before), (c.after for c in changes)
        )
        for key, row in footfall.measures.items():
            for measure, n in row.items():
                total[key][measure] += n
    return Footfall({k: {m: n for m, n in row.items() if n} for k, row in total.items()})


def with_joined(stored: dict[str, StoredVisit], ids: set[str]) -> dict[str, StoredVisit]:
    found: dict[str, StoredVisit] = {}
    while ids:
        found |= {i: stored[i] for i in ids if i in stored}
        ids = {v.joined_to for v in found.values() if v.joined_to} - set(found)
    return found


@pytest.mark.parametrize(("size", "seed"), [(500, None), (37, 1)])
def test_any_order_and_batching_gives_the_true_counts(
    simulation: Simulation, size: int, seed: int | None
) -> None:
    footfall = fold_batches(batches_of(simulation, size, seed))
    counted = {
        (key[0] // 1000, *key[1:]): {
            m: n
            for m, n in row.items()
            if m not in ("direct", "redirected", "last_call_waits", "last_call_wait_ms")
        }
        for key, row in footfall.measures.items()
    }
    true = {
        tuple(key): {m: n for m, n in row.items() if n}
        for key, row in simulation.truth.buckets.items()
    }
    assert {k: v for k, v in counted.items() if v} == true
