"""How fast simulated time passes: at a multiple of real time, or as fast as can be written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from services.simulator.stories import PlannedEvent

# Large enough for few transactions, small enough that delivery starts at once.
BATCH_EVENTS = 6000
TICK_S = 0.1
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
