"""The true counts, added up from the stories as they were told; knows nothing of events or folds.

Everything is dated by arrival: what a visit is falls in the 15 minutes [start, end) in which the
visitor came, what a queue stay became falls in those in which the stay began.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from services.simulator.opening import as_datetime
from services.simulator.stories import Stay, Visit

QUARTER_MS = 15 * 60 * 1000


class BucketKey(NamedTuple):
    """Where counts fall: 15 minutes from `start_ms` (epoch, UTC), and whose they are."""

    start_ms: int
    site: str
    directorate: str
    service: str
    channel: str


@dataclass(frozen=True, slots=True)
class Truth:
    """What a perfect observer saw."""

    seed: int
    first_day: date
    days: int
    time_zone: str
    """Of the first site, in which `first_day` is meant; the buckets are UTC."""
    events_total: int
    """Events of visits: the messages of topic visit-events."""
    heartbeats_total: int
    """Heartbeats of devices; with `device_starts_total`, the messages of topic heartbeats."""
    device_starts_total: int
    visits: int
    """Visits that count: tests are left out."""
    buckets: dict[BucketKey, Counter[str]]

    @property
    def totals(self) -> Counter[str]:
        """Sum of each measure over all buckets."""
        return sum(self.buckets.values(), Counter[str]())

    def as_json(self) -> dict[str, Any]:
        """For other programs, in order of buckets; measures that are zero are left out."""
        return {
            "seed": self.seed,
            "first_day": self.first_day.isoformat(),
            "days": self.days,
            "time_zone": self.time_zone,
            "events_total": self.events_total,
            "heartbeats_total": self.heartbeats_total,
            "device_starts_total": self.device_starts_total,
            "visits": self.visits,
            "totals": dict(sorted(self.totals.items())),
            "buckets": [
                {
                    "bucket_start": as_datetime(key.start_ms).isoformat(),
                    **dict(zip(BucketKey._fields[1:], key[1:], strict=True)),
                    **dict(sorted(measures.items())),
                }
                for key, measures in sorted(self.buckets.items())
            ],
        }

    def write(self, path: Path) -> None:
        """Write the JSON, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".partial")
        partial.write_text(json.dumps(self.as_json(), ensure_ascii=False, indent=1) + "\n")
        partial.replace(path)


def tally(visits: Iterable[Visit]) -> dict[BucketKey, Counter[str]]:
    """Count the stories, each measure in its bucket."""
    buckets: defaultdict[BucketKey, Counter[str]] = defaultdict(Counter)
    for visit in visits:
        arrival = buckets[_key(visit, visit.stays[0], visit.arrived_ms)]
        if visit.mode == "test":
            arrival["test"] += 1
            continue
        arrival["passages"] += 1
        arrival["persons"] += visit.persons
        if visit.ticket:
            arrival["tickets"] += 1
        if visit.check_in:
            arrival["check_ins"] += 1
        for stay in visit.stays:
            _tally_stay(stay, buckets[_key(visit, stay, stay.began_ms)])
    return dict(buckets)


def _tally_stay(stay: Stay, measures: Counter[str]) -> None:
    measures["queue_entries"] += 1
    if stay.outcome is not None:
        measures[stay.outcome] += 1
    if stay.first_called_ms is not None:
        measures["waits"] += 1
        measures["wait_ms"] += stay.first_called_ms - stay.began_ms
    if stay.service_started_ms is not None and stay.service_ended_ms is not None:
        measures["services"] += 1
        measures["service_ms"] += stay.service_ended_ms - stay.service_started_ms


def _key(visit: Visit, stay: Stay, at_ms: int) -> BucketKey:
    start_ms = at_ms - at_ms % QUARTER_MS
    return BucketKey(start_ms, visit.site, stay.directorate, stay.service, visit.channel)
