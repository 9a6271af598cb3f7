"""What the peers are asked for is what a perfect counter of arrivals would count."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
import yaml

from benchmarks.backlog import Backlog
from benchmarks.contenders import CONTENDERS, PASSAGE
from benchmarks.figures import Result, for_page
from benchmarks.loads import Load, arrivals
from benchmarks.peers.job import passage_of
from benchmarks.trial import Measured, Survived
from schemas.codec import decode
from schemas.events import Correction
from schemas.registry import Registry
from services.simulator.messages import as_messages
from services.simulator.simulation import generate

PROJECT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def day() -> Backlog:
    registry = Registry.model_validate(
        yaml.safe_load((PROJECT / "deploy" / "registry.yaml").read_text())
    )
    simulation = generate(registry, date(2026, 11, 24), scale=0.5)
    messages = [(m.topic, m.key, m.value) for m in as_messages(simulation)]
    truth = {tuple(key): dict(row) for key, row in simulation.truth.buckets.items()}
    return Backlog(messages, truth)


def test_a_peer_and_the_benchmark_agree_on_what_a_passage_is(day: Backlog) -> None:
    counted: Counter[tuple[object, ...]] = Counter()
    for _, _, value in day.messages:
        passage = passage_of(decode(value))
        if passage is not None:
            counted[int(passage.bucket_start.timestamp() * 1000), *passage[1:]] += 1
    assert counted == arrivals(day)


def test_arrivals_are_the_visitors_and_those_who_were_recorded_under_two_ids(day: Backlog) -> None:
    joined = sum(
        isinstance(event, Correction) and event.joins is not None
        for event in (decode(value) for _, _, value in day.messages)
    )
    visitors = sum(row.get("passages", 0) for row in day.truth.values())
    assert joined > 0
    assert sum(arrivals(day).values()) == visitors + joined


def test_a_passage_in_a_wrong_counter_is_one_lost_and_one_twice() -> None:
    peer = next(c for c in CONTENDERS if c.name != PASSAGE)
    load = Load("b.", 10, {}, {("a",): 3, ("b",): 2})
    assert load.differences(peer, {("a",): 2, ("b",): 2, ("c",): 1}) == (1, 1)


def test_a_contender_that_is_not_installed_keeps_its_row_and_says_why() -> None:
    measured = Measured(40_000, {"program": 20.0, "PostgreSQL": 5.0, "Kafka": 1.0}, 150, 0)
    ours, limit, other, *_ = (Result(contender) for contender in CONTENDERS)
    ours.runs.append(measured)
    ours.survived = Survived(0, 0, 1000, 6.0)
    limit.runs.append(Measured(50_000, measured.cpu, 80, None))
    other.failures.append("not installed: mvn is missing; install maven")
    page = for_page([ours, limit, other], ["a machine"])
    assert "| Passage | 40,000 | 1.00 | 0.80 | 20.0 | 5.0 | 150 | 0 | 0 | 6.0 |" in page
    assert f"- {other.contender.title}: not installed: mvn is missing; install maven" in page
    assert f"| {other.contender.title} | – |" in page
