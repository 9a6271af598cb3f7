"""Today as it happens: what is due when, with a clock that only waiting moves."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from uuid import UUID

import pytest

from schemas.events import Heartbeat
from schemas.registry import Registry
from services.simulator.fleet import Progress
from services.simulator.live import connected, days_before, simulations
from services.simulator.opening import NoOpenDay, local_day
from services.simulator.pace import BATCH_EVENTS, LOOK_S, as_they_happen
from services.simulator.screen import LiveScreen
from services.simulator.simulation import generate
from services.simulator.stories import PlannedEvent

MONDAY = date(2026, 11, 16)
NINE = datetime(2026, 11, 16, 9, tzinfo=UTC)


class Wall:
    """A clock on the wall that only waiting moves, and that may be told to stop the play."""

    def __init__(self, at: datetime, stops_at: datetime | None = None) -> None:
        self.at = at
        self._stops_at = stops_at
        self.waits: list[float] = []

    def now(self) -> datetime:
        return self.at

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        self.at += timedelta(seconds=seconds)
        return self._stops_at is not None and self.at >= self._stops_at


def _events(*minutes: float) -> list[PlannedEvent]:
    return [
        PlannedEvent(NINE + timedelta(minutes=m), "d", "s", Heartbeat, {}, UUID(int=i))
        for i, m in enumerate(minutes)
    ]


def test_what_has_happened_comes_at_once_and_the_rest_when_its_time_comes() -> None:
    events = _events(-120, -30, 0, 2, 2, 75)
    wall = Wall(NINE)
    played = [
        (wall.at, *portion) for portion in as_they_happen(events, now=wall.now, wait=wall.wait)
    ]
    assert [portion[1:] for portion in played] == [
        tuple(events[:3]),
        tuple(events[3:5]),
        tuple(events[5:]),
    ]
    for shown_at, *portion in played[1:]:
        assert timedelta(0) <= shown_at - portion[-1].occurred_at < timedelta(milliseconds=1)


def test_a_long_morning_comes_in_portions() -> None:
    events = _events(*(-n / 1000 for n in range(2 * BATCH_EVENTS, -1, -1)))
    wall = Wall(NINE)
    portions = list(as_they_happen(events, now=wall.now, wait=wall.wait))
    assert [len(portion) for portion in portions] == [BATCH_EVENTS, BATCH_EVENTS, 1]
    assert wall.at == NINE


def test_it_looks_at_the_clock_often_enough_to_be_stopped() -> None:
    wall = Wall(NINE, stops_at=NINE + timedelta(minutes=10))
    assert list(as_they_happen(_events(60), now=wall.now, wait=wall.wait)) == []
    assert max(wall.waits) <= LOOK_S
    assert wall.at <= NINE + timedelta(minutes=10, seconds=LOOK_S)


def test_after_a_machine_slept_what_was_missed_comes_at_once() -> None:
    wall = Wall(NINE)
    portions = as_they_happen(_events(0, 30, 60, 200), now=wall.now, wait=wall.wait)
    assert len(next(portions)) == 1
    wall.at = NINE + timedelta(hours=2)
    assert len(next(portions)) == 2


def test_history_is_the_open_days_before_today(registry: Registry) -> None:
    # The eleventh is a holiday, the fourteenth a Saturday.
    assert [day.day for day in days_before(registry, 4, MONDAY)] == [9, 10, 12, 13]
    assert days_before(registry, 0, MONDAY) == []


def test_history_stops_where_the_pipeline_refuses_events_as_too_old(registry: Registry) -> None:
    oldest = days_before(registry, 300, MONDAY)[0]
    assert timedelta(days=50) < MONDAY - oldest < timedelta(days=60)


def test_history_of_a_registry_that_never_opened_is_empty(registry: Registry) -> None:
    assert days_before(_closed(registry), 30, MONDAY) == []


def test_a_live_day_is_the_day_that_is_generated_alone(registry: Registry) -> None:
    past = days_before(registry, 1, MONDAY)
    played = list(islice(simulations(registry, past, MONDAY, 94, 0.02), 2))
    alone = [generate(registry, day, scale=0.02) for day in (past[0], MONDAY)]
    assert [simulation.events for simulation in played] == [s.events for s in alone]


def test_on_a_closed_day_the_next_open_one_is_awaited(registry: Registry) -> None:
    saturday = date(2026, 11, 14)
    assert next(simulations(registry, [], saturday, 94, 0.02)).truth.first_day == MONDAY


@pytest.mark.parametrize(
    "change",
    [lambda registry: _closed(registry), lambda r: r.model_copy(update={"devices": ()})],
    ids=["never open", "no devices"],
)
def test_a_registry_without_any_coming_day_ends_the_play(
    registry: Registry, change: Callable[[Registry], Registry]
) -> None:
    with pytest.raises(NoOpenDay):
        next(simulations(change(registry), [], MONDAY, 94, 0.02))


def test_an_unplugged_device_sends_nothing_from_then_on(registry: Registry) -> None:
    events = generate(registry, MONDAY, scale=0.02).events
    sent = connected(events, ["etr-borne-1"], NINE)
    delivered = {e.event_id for e in sent}
    silent = [e for e in events if e.event_id not in delivered]
    assert {e.device for e in silent} == {"etr-borne-1"}
    assert Heartbeat in {e.event_class for e in silent}
    assert min(e.occurred_at for e in silent) >= NINE
    assert any(e.device == "etr-borne-1" for e in sent)


@pytest.mark.parametrize(
    ("now", "expected"),
    [("2026-11-16T22:30Z", 16), ("2026-11-16T23:30Z", 17)],
)
def test_today_is_the_day_on_the_wall_of_the_sites(
    registry: Registry, now: str, expected: int
) -> None:
    assert local_day(registry, datetime.fromisoformat(now)).day == expected


def test_lines_of_a_live_day_are_few_and_name_a_problem_once(registry: Registry) -> None:
    stream = io.StringIO()
    notes: list[str] = []
    screen = LiveScreen(stream, notes.append)
    simulation = generate(registry, MONDAY, scale=0.02)
    with screen.today(simulation) as show:
        show(Progress(NINE, 50, 0, 100))
        for delivered in (50, 51):
            show(Progress(NINE, delivered, delivered, 100))
        for _ in range(3):
            show(Progress(NINE, 60, 51, 100, problem="no broker answers at kafka:9092"))
        show(Progress(NINE, 60, 60, 100))
    assert stream.getvalue().splitlines() == [
        "live  Mon 16 Nov 10:00  50 of 100 events delivered",
        "Mon 16 Nov 10:00  51 of 100 events delivered; delivery stands still: "
        "no broker answers at kafka:9092",
        "live  Mon 16 Nov 10:00  60 of 100 events delivered",
    ]
    screen.awaiting(simulation)
    assert notes[0].startswith("Monday 16 November 2026, live: ")
    assert notes[1].startswith("every site is closed; the devices start again on Monday 16")


def _closed(registry: Registry) -> Registry:
    sites = tuple(s.model_copy(update={"opening_hours": ()}) for s in registry.sites)
    return registry.model_copy(update={"sites": sites})
