"""Whatever the bytes: an event is decided on or refused, quickly, and leaves nothing behind."""

from __future__ import annotations

import gc
import tracemalloc
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import InvalidEvent, decode
from schemas.dead_letters import DeadLetter
from schemas.events import DeviceEvent, VisitEvent
from schemas.registry import Registry
from services.core.calendar import to_us
from services.core.decisions import Accepted, RegistryIndex, Rejected, decide
from services.core.facts import fact_of
from services.core.footfall import difference
from services.core.visits import fold, union
from services.processor.messages import Message, dead_letter
from tests.damaged import messages

NOW = datetime.now(UTC)


def taken(value: bytes, registry: RegistryIndex) -> Accepted | DeadLetter:
    """What the processor makes of a message, but for the database."""
    message = Message("visit-events", 0, 1, NOW, value)
    event = decode(value)
    if isinstance(event, InvalidEvent):
        return dead_letter(message, event)
    outcome = decide(event, received_at=NOW, now=NOW, registry=registry, anchor=None)
    if isinstance(outcome, Rejected):
        return dead_letter(message, outcome, event)
    _count(outcome)
    return outcome


def _count(accepted: Accepted) -> None:
    event: VisitEvent | DeviceEvent = accepted.event
    if hasattr(event, "visit_id"):
        fact = fact_of(event, to_us(accepted.corrected_at), accepted.method)
        difference((), [fold(union([fact]))])


@pytest.fixture(scope="module")
def index(registry: Registry) -> RegistryIndex:
    return RegistryIndex(registry)


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_a_changed_event_is_decided_on_or_refused(index: RegistryIndex, seed: int) -> None:
    for value in messages(seed, 10):
        outcome = taken(value, index)
        if isinstance(outcome, DeadLetter):
            # It can be stored and sent, whatever it holds.
            assert DeadLetter.model_validate_json(outcome.model_dump_json()) == outcome
            assert "\x00" not in f"{outcome.field} {outcome.detail}"  # PostgreSQL has no such text


@settings(max_examples=200)
@given(st.binary(max_size=2_000))
def test_any_bytes_are_refused(index: RegistryIndex, value: bytes) -> None:
    assert isinstance(taken(value, index), DeadLetter)


def test_thousands_of_them_leave_nothing_in_memory(index: RegistryIndex) -> None:
    some = list(messages(94, 1_000))
    for value in some:  # whatever is remembered on purpose is by then
        taken(value, index)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for value in messages(95, 2_000):
            taken(value, index)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 1_000_000


def test_accepted_and_refused_are_both_among_them(index: RegistryIndex) -> None:
    outcomes = [taken(value, index) for value in messages(94, 1_000)]
    assert sum(isinstance(one, Accepted) for one in outcomes) > 25
    reasons = {one.reason for one in outcomes if isinstance(one, DeadLetter)}
    assert len(reasons) > 8
