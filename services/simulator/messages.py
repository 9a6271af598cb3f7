"""The same days as encoded messages, without outbox or network: for benchmarks and fault tests."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any, NamedTuple, get_args
from uuid import UUID

from schemas.codec import encode
from services.edge.emitter import route
from services.simulator.simulation import Simulation
from services.simulator.virtual_clock import VirtualClock


class Message(NamedTuple):
    """A message as the edge would send it; topic without prefix."""

    topic: str
    key: bytes
    value: bytes
    occurred_at: datetime


def as_messages(simulation: Simulation) -> list[Message]:
    """Every event of the simulation, in order of time, byte for byte as `play` delivers it."""
    clocks: defaultdict[str, VirtualClock] = defaultdict(VirtualClock)
    sequence: Counter[tuple[str, UUID]] = Counter()
    messages = []
    for planned in simulation.events:
        clock = clocks[planned.device]
        clock.turn_to(planned)
        sequence[planned.device, clock.boot_id] += 1
        envelope: dict[str, Any] = {
            "type": get_args(planned.event_class.model_fields["type"].annotation)[0],
            "version": 1,
            "event_id": planned.event_id,
            "source": planned.device,
            "boot_id": clock.boot_id,
            "seq": sequence[planned.device, clock.boot_id],
            "monotonic_ms": clock.monotonic_ms(),
            "occurred_at": planned.occurred_at,
            "clock": {"synced": clock.synced, "offset_ms": clock.offset_ms},
            "site": planned.site,
        }
        event = planned.event_class(**envelope, **planned.fields)
        topic, key = route(event)
        messages.append(Message(topic, key, encode(event), planned.occurred_at))
    return messages
