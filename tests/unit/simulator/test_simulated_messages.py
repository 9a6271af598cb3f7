"""The encoded messages: valid, keyed as the topics say, and numbered without gaps."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import pytest

from schemas.codec import InvalidEvent, decode, encode
from schemas.events import DeviceStarted, Heartbeat
from schemas.registry import Registry
from services.simulator.messages import Message, as_messages
from services.simulator.simulation import Simulation, generate


@pytest.fixture(scope="module")
def simulation(registry: Registry) -> Simulation:
    return generate(registry, date(2026, 11, 13), days=4, scale=0.02)


@pytest.fixture(scope="module")
def messages(simulation: Simulation) -> list[Message]:
    return as_messages(simulation)


def test_every_message_is_an_event_of_the_contract(messages: list[Message]) -> None:
    for message in messages:
        event = decode(message.value)
        assert not isinstance(event, InvalidEvent), event
        assert encode(event) == message.value
        assert event.occurred_at == message.occurred_at


def test_a_topic_has_the_key_that_it_declares(messages: list[Message]) -> None:
    for message in messages:
        event = decode(message.value)
        assert not isinstance(event, InvalidEvent)
        if isinstance(event, Heartbeat | DeviceStarted):
            assert (message.topic, message.key) == ("heartbeats", event.source.encode())
        else:
            assert (message.topic, message.key) == ("visit-events", str(event.visit_id).encode())


def test_every_boot_counts_its_events_from_one_in_the_order_of_time(
    messages: list[Message],
) -> None:
    boots = defaultdict(list)
    for message in messages:
        event = decode(message.value)
        assert not isinstance(event, InvalidEvent)
        boots[event.source, event.boot_id].append((event.seq, event.monotonic_ms))
    # Friday and Monday, every device.
    assert len(boots) == 2 * 20
    for events in boots.values():
        assert [seq for seq, _ in events] == list(range(1, len(events) + 1))
        assert events == sorted(events, key=lambda event: event[1])


def test_ids_carry_the_time_and_none_occurs_twice(messages: list[Message]) -> None:
    ids = set()
    for message in messages:
        event = decode(message.value)
        assert not isinstance(event, InvalidEvent)
        assert event.event_id.version == 7
        assert event.event_id.int >> 80 == round(event.occurred_at.timestamp() * 1000)
        ids.add(event.event_id)
    assert len(ids) == len(messages)


def test_the_same_simulation_encodes_to_the_same_bytes(
    registry: Registry, messages: list[Message]
) -> None:
    again = generate(registry, date(2026, 11, 13), days=4, scale=0.02)
    assert as_messages(again) == messages
