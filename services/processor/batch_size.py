"""How many events a lane may take into its next transaction."""

from __future__ import annotations

from dataclasses import dataclass

FEWEST_EVENTS = 500
MOST_BYTES = 4 * 1024 * 1024
"""Of message values in a batch; its rows and facts take a few times as much memory."""
LONGEST_S = 2.0
"""Of a transaction: other workers may be waiting for the rows that it has locked."""


@dataclass(slots=True)
class BatchSize:
    """Grows while batches come full and are quick, shrinks when they are slow or events large.

    In a quiet hall it does not matter: a batch is whatever has come, and is not waited for.
    """

    most_events: int
    """Never more than this."""
    events: int = FEWEST_EVENTS
    """At most so many in the next batch."""

    def __post_init__(self) -> None:
        self.events = min(self.events, self.most_events)

    def learn(self, *, events: int, size_bytes: int, took_s: float) -> None:
        """Take account of a batch that was recorded."""
        if took_s > LONGEST_S:
            wanted = max(FEWEST_EVENTS, self.events // 2)
        elif events * 2 > self.events and took_s * 2 < LONGEST_S:
            wanted = self.events * 2
        else:
            wanted = self.events
        fitting = MOST_BYTES * events // max(1, size_bytes)
        self.events = max(1, min(wanted, fitting, self.most_events))
