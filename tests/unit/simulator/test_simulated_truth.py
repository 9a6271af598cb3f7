"""The truth adds up by itself, and a perfect pipeline would find it."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from schemas.codec import InvalidEvent, decode
from schemas.events import Correction, VisitEvent
from schemas.registry import Registry
from services.core.calendar import to_us
from services.core.decisions import Accepted, RegistryIndex, decide
from services.core.facts import Fact, fact_of
from services.core.footfall import difference
from services.core.visits import fold, union
from services.simulator.messages import as_messages
from services.simulator.simulation import Simulation, generate
from services.simulator.stories import Stay, Visit
from services.simulator.truth import BucketKey, tally

WEEK = date(2026, 11, 16)
OUTCOMES = ("served", "no_show", "left", "cancelled", "auto_closed", "transferred")
QUARTER_MS = 15 * 60_000


@pytest.fixture(scope="module")
def two_days(registry: Registry) -> Simulation:
    return generate(registry, WEEK, days=2, scale=0.05)


def test_every_queue_stay_ends_in_exactly_one_way(two_days: Simulation) -> None:
    for key, measures in two_days.truth.buckets.items():
        assert measures["queue_entries"] == sum(measures[o] for o in OUTCOMES), key


def test_every_visit_but_the_tests_is_one_passage(two_days: Simulation) -> None:
    truth = two_days.truth
    assert truth.totals["passages"] == truth.visits
    assert truth.totals["passages"] + truth.totals["test"] == len(two_days.visits)
    assert truth.totals["queue_entries"] == truth.totals["passages"] + truth.totals["transferred"]


def test_events_and_heartbeats_are_all_the_events(two_days: Simulation) -> None:
    truth = two_days.truth
    assert truth.events_total + truth.heartbeats_total + truth.device_starts_total == len(
        two_days.events
    )


def test_the_fold_of_the_events_finds_the_truth(registry: Registry, two_days: Simulation) -> None:
    folded = difference([], [fold(union(facts)) for facts in _histories(registry, two_days)])
    found = {
        BucketKey(key.bucket_start_us // 1000, *key[1:]): row
        for key, row in folded.measures.items()
    }
    expected = {k: {n: c for n, c in row.items() if c} for k, row in two_days.truth.buckets.items()}
    told = {name for row in expected.values() for name in row}
    assert {
        key: {n: c for n, c in row.items() if n in told} for key, row in found.items()
    } == expected


def _histories(registry: Registry, simulation: Simulation) -> list[list[Fact]]:
    """The accepted facts of each visitor, ids that a correction joins taken together."""
    index = RegistryIndex(registry)
    facts: defaultdict[UUID, list[Fact]] = defaultdict(list)
    joins: dict[UUID, UUID] = {}
    for message in as_messages(simulation):
        event = decode(message.value)
        assert not isinstance(event, InvalidEvent), event
        at = message.occurred_at
        decision = decide(event, received_at=at, now=at, registry=index, anchor=None)
        assert isinstance(decision, Accepted), decision
        if isinstance(event, VisitEvent):
            facts[event.visit_id].append(fact_of(event, to_us(decision.corrected_at)))
        if isinstance(event, Correction) and event.joins is not None:
            joins[event.joins] = event.visit_id
    for other, visit in joins.items():
        facts[visit] += facts.pop(other)
    return list(facts.values())


def _visit(arrived_ms: int, *stays: Stay, persons: int = 1) -> Visit:
    return Visit(UUID(int=1), "a", arrived_ms, "kiosk", persons, ticket=True, stays=list(stays))


def test_a_bucket_holds_its_first_instant_and_not_its_last() -> None:
    first = _visit(QUARTER_MS, Stay("q", "d", "s", QUARTER_MS))
    last = _visit(2 * QUARTER_MS - 1, Stay("q", "d", "s", 2 * QUARTER_MS - 1))
    after = _visit(2 * QUARTER_MS, Stay("q", "d", "s", 2 * QUARTER_MS))
    counted = tally([first, last, after])
    assert {key.start_ms // QUARTER_MS: m["passages"] for key, m in counted.items()} == {1: 2, 2: 1}


def test_a_transfer_counts_one_passage_and_two_stays_each_where_it_began() -> None:
    later = 5 * QUARTER_MS
    waited = Stay("q", "d", "s", 0, 1000, outcome="transferred")
    served = Stay("r", "e", "t", later, later + 500, later + 900, later + 4900, "served")
    counted = tally([_visit(0, waited, served, persons=3)])
    assert counted == {
        BucketKey(0, "a", "d", "s", "kiosk"): {
            "passages": 1,
            "persons": 3,
            "tickets": 1,
            "queue_entries": 1,
            "transferred": 1,
            "waits": 1,
            "wait_ms": 1000,
        },
        BucketKey(later, "a", "e", "t", "kiosk"): {
            "queue_entries": 1,
            "served": 1,
            "waits": 1,
            "wait_ms": 500,
            "services": 1,
            "service_ms": 4000,
        },
    }


def test_a_test_visit_counts_as_test_and_nothing_else() -> None:
    visit = _visit(0, Stay("q", "d", "s", 0, outcome="cancelled"))
    visit.mode = "test"
    assert tally([visit]) == {BucketKey(0, "a", "d", "s", "kiosk"): {"test": 1}}


def test_the_file_says_what_was_counted(two_days: Simulation, tmp_path: Path) -> None:
    file = tmp_path / "folder" / "truth.json"
    two_days.truth.write(file)
    read = json.loads(file.read_text())
    assert read["first_day"] == "2026-11-16"
    assert read["time_zone"] == "Europe/Paris"
    assert read["totals"] == dict(two_days.truth.totals)
    assert sum(bucket.get("passages", 0) for bucket in read["buckets"]) == read["visits"]
    assert read["buckets"][0]["bucket_start"].endswith("+00:00")


def test_days_add_up(registry: Registry, two_days: Simulation) -> None:
    days = [generate(registry, WEEK + timedelta(days=n), scale=0.05) for n in (0, 1)]
    assert days[0].truth.totals + days[1].truth.totals == two_days.truth.totals
