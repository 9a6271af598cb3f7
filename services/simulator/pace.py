"""How fast simulated time passes: as it is, at a multiple of it, or as fast as can be written."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from operator import attrgetter

from services.simulator.stories import PlannedEvent

# Large enough for few transactions, small enough that delivery starts at once.
BATCH_EVENTS = 6000
TICK_S = 0.1
# No longer in one piece: so a clock that was set, or a machine that slept, is noticed.
LOOK_S = 1.0
# Nights and week-ends pass at once when time is accelerated.
SILENCE = timedelta(minutes=30)


def steps(
    events: Sequence[PlannedEvent],
    speed: float | None,
    *,
    monotonic: Callable[[], float],
    sleep: Callable[[float], None],
) -> Iterator[Sequence[PlannedEvent]]:
    """The events in order, in the portions that are due together.

    `speed` is simulated seconds per second; None does not wait at all. Above 1, stretches of more
    than half an hour without events are passed over.
    """
    if speed is None:
        for start in range(0, len(events), BATCH_EVENTS):
            yield events[start : start + BATCH_EVENTS]
        return
    position = 0
    # Simulated time `shown_from` is shown at `since`.
    since = monotonic()
    shown_from = events[0].occurred_at if events else None
    while shown_from is not None and position < len(events):
        shown = shown_from + timedelta(seconds=(monotonic() - since) * speed)
        ahead = events[position].occurred_at - shown
        if speed > 1 and ahead > SILENCE:
            since, shown_from = monotonic(), events[position].occurred_at
            continue
        if ahead > timedelta(0):
            sleep(min(TICK_S, ahead.total_seconds() / speed))
            continue
        end = position
        while end < len(events) and events[end].occurred_at <= shown:
            end += 1
        yield events[position:end]
        position = end
        sleep(TICK_S)


def as_they_happen(
    events: Sequence[PlannedEvent],
    *,
    now: Callable[[], datetime],
    wait: Callable[[float], bool],
) -> Iterator[Sequence[PlannedEvent]]:
    """The events in order: at once those that have happened, then each when its time comes.

    `wait` sleeps for so many seconds at most and returns True to end it, as `threading.Event.wait`
    does; it is called about once a second. What has happened by then still comes.
    """
    position = 0
    while position < len(events):
        ahead_s = (events[position].occurred_at - now()).total_seconds()
        stopped = wait(min(LOOK_S, max(0.0, ahead_s)))
        happened = bisect_right(events, now(), lo=position, key=attrgetter("occurred_at"))
        for start in range(position, happened, BATCH_EVENTS):
            yield events[start : min(start + BATCH_EVENTS, happened)]
        if stopped:
            return
        position = happened
