"""A fact: what the fold needs of an event, small enough to be kept with the visit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple, assert_never
from uuid import UUID

from schemas.events import (
    AutoClosed,
    Called,
    Cancelled,
    CheckedIn,
    Correction,
    Left,
    NoShow,
    QueueJoined,
    Recalled,
    Returned,
    ServiceEnded,
    ServiceStarted,
    TicketIssued,
    Transferred,
    VisitEvent,
)
from services.core.clock import CorrectionMethod


class Fact(NamedTuple):
    """One event of a visit, by its corrected time. Sorts by time, then by `rank`, then by id."""

    at_us: int
    """Microseconds since 1970, UTC."""
    rank: int
    """Order of types at the same instant: a ticket comes before its call."""
    event_id: str
    type: str
    site: str
    details: dict[str, Any]


_RANKS = {
    "correction": 0,
    "ticket_issued": 1,
    "checked_in": 2,
    "queue_joined": 3,
    "called": 4,
    "recalled": 5,
    "service_started": 6,
    "service_ended": 7,
    "returned": 8,
    "transferred": 9,
    "no_show": 10,
    "left": 11,
    "cancelled": 12,
    "auto_closed": 13,
}


def fact_of(
    event: VisitEvent,
    at_us: int,
    method: CorrectionMethod = "stated",
    *,
    check_in_ends_wait: bool = False,
) -> Fact:
    """The fact that an accepted event states.

    `at_us` is its corrected time, by `method`; `check_in_ends_wait` says that its site knows no
    calls, so that a wait ends at the check-in.
    """
    details = _details(event)
    if event.mode == "test":
        details["test"] = True
    if method == "uncertain":
        details["uncertain"] = True
    elif method == "boot_anchor":
        details["repaired"] = True
    if check_in_ends_wait and event.type == "checked_in":
        details["ends_wait"] = True
    return Fact(at_us, _RANKS[event.type], str(event.event_id), event.type, event.site, details)


def _details(event: VisitEvent) -> dict[str, Any]:
    match event:
        case TicketIssued():
            details: dict[str, Any] = {
                "directorate": event.directorate,
                "service": event.service,
                "queue": event.queue,
                "channel": event.channel,
            }
        case CheckedIn():
            details = {
                "directorate": event.directorate,
                "service": event.service,
                "channel": event.channel,
            }
            if event.queue is not None:
                details["queue"] = event.queue
        case QueueJoined():
            return {
                "directorate": event.directorate,
                "service": event.service,
                "queue": event.queue,
            }
        case Transferred():
            details = {"directorate": event.directorate, "service": event.service}
            if event.queue is not None:
                details["queue"] = event.queue
            return details
        case ServiceStarted():
            if event.directorate is not None and event.service is not None:
                return {"directorate": event.directorate, "service": event.service}
            return {}
        case Correction():
            return _correction_details(event.joins, event.corrects)
        case (
            Called()
            | Recalled()
            | ServiceEnded()
            | Returned()
            | NoShow()
            | Left()
            | Cancelled()
            | AutoClosed()
        ):
            return {}
        case _:
            assert_never(event)
    if event.party_size is not None:
        key = "persons" if event.party_size.declared else "persons_assumed"
        details[key] = event.party_size.persons
    return details


def _correction_details(joins: UUID | None, corrects: UUID | None) -> dict[str, Any]:
    return {"joins": str(joins)} if joins is not None else {"corrects": str(corrects)}


def standing(history: Sequence[Fact]) -> list[Fact]:
    """The facts that no correction takes back, in their order, without the corrections.

    A correction may itself be taken back: what it had taken back then stands again. Corrections
    that take back each other in a circle do nothing.
    """
    targets = {f.event_id: f.details["corrects"] for f in history if "corrects" in f.details}
    gone = _taken_back(targets)
    return [f for f in history if f.type != "correction" and f.event_id not in gone]


def _taken_back(targets: dict[str, str]) -> set[str]:
    """Ids that corrections take back; `targets` is what each correction names."""
    opposing: dict[str, set[str]] = defaultdict(set)
    for correction, target in targets.items():
        opposing[target].add(correction)
    taken_back: set[str] = set()
    while True:
        # A correction is in force once all that oppose it are taken back; this set only grows.
        reached = {t for c, t in targets.items() if opposing.get(c, set()) <= taken_back}
        if reached == taken_back:
            return taken_back
        taken_back = reached
