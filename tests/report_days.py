"""Days for a report with something of everything: silent devices, rare visits, a clock change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from random import Random
from uuid import uuid4

from schemas.events import (
    Called,
    Correction,
    Heartbeat,
    Left,
    ServiceEnded,
    ServiceStarted,
    TicketIssued,
)
from schemas.registry import Registry
from services.simulator.opening import to_ms
from services.simulator.recorder import Recorder
from services.simulator.simulation import Simulation, generate
from services.simulator.stories import PlannedEvent

RECORDED = date(2025, 10, 13)
"""Three weeks, less the last weekend, with the night in which the clock goes back."""
YEAR_BEFORE = date(2024, 10, 21)
"""The same Monday of the same ISO week as one of them."""
HALF_BEFORE = date(2025, 5, 5)
SILENT = ("creteil-pan", date(2025, 10, 22))
"""A site and a day without a heartbeat, though people came."""
LOST = ("creteil-accueil", date(2025, 10, 29))
"""A site and a day of which nothing came at all."""
UNPLUGGED = "etr-borne-1"
"""A kiosk that was not heard on a morning, while the desks beside it were."""


def stretches(registry: Registry) -> Iterator[Simulation]:
    """A day of the year before, a day of the half year before, and three weeks."""
    for first, days in ((YEAR_BEFORE, 1), (HALF_BEFORE, 1), (RECORDED, 19)):
        simulation = generate(registry, first, days, seed=11, scale=0.08)
        events = [*_as_heard(simulation.events), *(_rare_visits() if days > 1 else ())]
        events.sort(key=lambda one: (one.occurred_at, one.device, one.event_id))
        yield replace(simulation, events=tuple(events))


def _as_heard(events: tuple[PlannedEvent, ...]) -> Iterator[PlannedEvent]:
    """The events, with a heartbeat each quarter of an hour, and none where devices are silent."""
    beats: Counter[tuple[str, date]] = Counter()
    for event in events:
        day = event.occurred_at.date()
        if (event.site, day) == LOST:
            continue
        if event.event_class is not Heartbeat:
            yield event
            continue
        beats[event.device, day] += 1
        is_unplugged = event.device == UNPLUGGED and event.occurred_at.hour < 10
        if beats[event.device, day] % 15 == 0 and not (
            (event.site, day) == SILENT or (is_unplugged and day == SILENT[1])
        ):
            yield event._replace(fields={"covers_s": 900})


def _rare_visits() -> list[PlannedEvent]:
    """One served without a ticket, three never called, and one who was said to have left."""
    recorder = Recorder("creteil-accueil", Random(94))

    def at(minute: int) -> int:
        return to_ms(datetime(2025, 10, 21, 9, minute, 20, tzinfo=UTC))

    dcl = {"directorate": "dcl", "service": "titres"}
    ticket = {**dcl, "queue": "acc-titres"}
    direct, left = uuid4(), uuid4()
    recorder.record(at(1), "acc-guichets", ServiceStarted, direct, **dcl)
    recorder.record(at(6), "acc-guichets", ServiceEnded, direct)
    for number in range(3):
        recorder.record(
            at(7), "acc-borne-1", TicketIssued, uuid4(), number=f"X00{number}", **ticket
        )
    recorder.record(at(10), "acc-borne-1", TicketIssued, left, number="X009", **ticket)
    recorder.record(at(11), "acc-guichets", Left, left)
    mistaken = recorder.events[-1].event_id
    recorder.record(at(12), "acc-guichets", Called, left)
    recorder.record(at(13), "acc-guichets", ServiceStarted, left)
    recorder.record(at(14), "acc-guichets", ServiceEnded, left)
    recorder.record(at(15), "acc-guichets", Correction, left, corrects=mistaken)
    return recorder.events
