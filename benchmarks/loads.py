"""A backlog on the broker, and the counts that it must come to."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from benchmarks.backlog import Backlog, publish
from benchmarks.contenders import PASSAGE, Contender
from benchmarks.watching import Counts
from services.provision import topics as provision_topics

_BUCKET_MS = 15 * 60 * 1000
_DEFAULT_CHANNEL = {"ticket_issued": "kiosk", "checked_in": "reception"}
_ARRIVALS = tuple(f'"{kind}"'.encode() for kind in _DEFAULT_CHANNEL)


@dataclass(frozen=True)
class Load:
    """Messages that wait in topics of their own."""

    prefix: str
    messages: int
    truth: Counts
    """What visitors there were: this project's figure."""
    arrivals: Counts
    """What tickets and check-ins there were: the peers' figure. Higher by the visits that devices
    recorded under two ids and joined later; to take those back, an engine must fold visits."""

    @classmethod
    def publish(cls, kafka: str, backlog: Backlog, codec: str | None) -> Load:
        """Put a backlog on the broker, in topics with a prefix of its own; None: as it is."""
        prefix = f"b{uuid4().hex[:6]}."
        provision_topics.apply(kafka, prefix)
        publish(kafka, prefix, backlog.messages, codec)
        truth = {k: row["passages"] for k, row in backlog.truth.items() if row.get("passages")}
        return cls(prefix, len(backlog.messages), truth, arrivals(backlog))

    def passages(self, contender: Contender) -> int:
        """How many passages a contender must come to."""
        return sum(self._wanted(contender).values())

    def differences(self, contender: Contender, found: Counts) -> tuple[int, int]:
        """Passages that are missing, and passages that are too many, counter by counter."""
        wanted = self._wanted(contender)
        missing = [wanted.get(k, 0) - found.get(k, 0) for k in wanted.keys() | found.keys()]
        return sum(n for n in missing if n > 0), -sum(n for n in missing if n < 0)

    def _wanted(self, contender: Contender) -> Counts:
        return self.truth if contender.name == PASSAGE else self.arrivals


def arrivals(backlog: Backlog) -> Counts:
    """Tickets, and check-ins without one, by counter; tests left out."""
    counts: Counter[tuple[object, ...]] = Counter()
    for _, _, value in backlog.messages:
        if not any(kind in value for kind in _ARRIVALS):
            continue
        event = json.loads(value)
        if event.get("mode") == "test" or (event["type"] == "checked_in" and "number" in event):
            continue
        at_ms = int(datetime.fromisoformat(event["occurred_at"]).timestamp() * 1000)
        channel = event.get("channel") or _DEFAULT_CHANNEL[event["type"]]
        place = (event["site"], event["directorate"], event["service"], channel)
        counts[(at_ms - at_ms % _BUCKET_MS, *place)] += 1
    return dict(counts)
