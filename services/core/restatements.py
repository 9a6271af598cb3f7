"""Changes of buckets that had been final, and why they changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from services.core.footfall import Footfall, FootfallKey, difference
from services.core.joins import VisitChange


@dataclass(frozen=True, slots=True)
class Restatement:
    """What was added to a final bucket after all, and the cause."""

    key: FootfallKey
    cause: str
    changes: dict[str, int]


def changed_footfall(changes: Iterable[VisitChange]) -> Footfall:
    """What the changes of visits add to the buckets."""
    changes = list(changes)
    return difference(
        (visit for change in changes for visit in change.before),
        (change.after for change in changes),
    )


def restatements(
    changes: Iterable[VisitChange],
    final: Collection[tuple[str, int]],
    replayed: Collection[str] = (),
) -> Iterator[Restatement]:
    """One for each final bucket and cause.

    `final` holds (site, bucket start in µs), `replayed` ids of events that were dead letters.
    """
    if not final:
        return
    by_cause: dict[str, list[VisitChange]] = defaultdict(list)
    for change in changes:
        by_cause[_cause(change, replayed)].append(change)
    for cause, caused in sorted(by_cause.items()):
        for key, measures in changed_footfall(caused).measures.items():
            if (key.site, key.bucket_start_us) in final:
                yield Restatement(key, cause, measures)


def _cause(change: VisitChange, replayed: Collection[str]) -> str:
    if any(fact.event_id in replayed for fact in change.facts):
        return "replayed_dead_letter"
    if any(fact.type == "correction" for fact in change.facts):
        return "correction"
    if any("repaired" in fact.details for fact in change.facts):
        return "clock_repair"
    return "late_event"
