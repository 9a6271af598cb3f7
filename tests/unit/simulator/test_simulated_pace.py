"""How simulated time passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from schemas.events import Heartbeat
from services.simulator.pace import BATCH_EVENTS, steps
from services.simulator.stories import PlannedEvent

START = datetime(2026, 11, 16, 8, tzinfo=UTC)


class Wall:
    """A clock on the wall that only sleeping moves."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.seconds += max(seconds, 1e-4)


def _events(*minutes: float) -> list[PlannedEvent]:
    return [
        PlannedEvent(START + timedelta(minutes=m), "d", "s", Heartbeat, {}, UUID(int=i))
        for i, m in enumerate(minutes)
    ]


def _play(events: list[PlannedEvent], speed: float | None) -> tuple[list[PlannedEvent], float]:
    wall = Wall()
    played: list[PlannedEvent] = []
    for portion in steps(events, speed, monotonic=wall.monotonic, sleep=wall.sleep):
        assert portion
        played += portion
    return played, wall.seconds - 100.0


def test_without_a_speed_nobody_waits() -> None:
    events = _events(*range(2 * BATCH_EVENTS + 1))
    assert _play(events, None) == (events, 0.0)


@pytest.mark.parametrize(("speed", "expected_s"), [(1, 1200), (60, 20), (600, 2)])
def test_time_passes_at_the_speed_asked_for(speed: float, expected_s: float) -> None:
    events = _events(0, 5, 5, 12, 20)
    played, seconds = _play(events, speed)
    assert played == events
    assert seconds == pytest.approx(expected_s, abs=0.25)


def test_an_accelerated_night_passes_at_once() -> None:
    events = _events(0, 10, 800, 810)
    played, seconds = _play(events, 60)
    assert played == events
    assert seconds == pytest.approx(20, abs=0.5)


def test_in_real_time_a_silent_hour_lasts_an_hour() -> None:
    _, seconds = _play(_events(0, 60), 1)
    assert seconds == pytest.approx(3600, abs=0.5)


def test_no_event_is_played_before_its_time() -> None:
    wall = Wall()
    events = _events(*range(0, 25, 3))
    for portion in steps(events, 60, monotonic=wall.monotonic, sleep=wall.sleep):
        shown = START + timedelta(seconds=(wall.seconds - 100.0) * 60)
        assert all(event.occurred_at <= shown for event in portion)


def test_nothing_to_play_ends_at_once() -> None:
    assert _play([], 60) == ([], 0.0)
