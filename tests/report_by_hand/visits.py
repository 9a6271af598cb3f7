"""Visits from raw events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
CLOSINGS = ("no_show", "left", "cancelled", "auto_closed")


@dataclass
class Stay:
    directorate: str
    service: str
    began: datetime
    called: datetime | None = None
    serving: bool = False
    outcome: str = "still_open"
    redirected: bool = False

    @property
    def wait_min(self) -> float | None:
        return None if self.called is None else (self.called - self.began).total_seconds() / 60


@dataclass
class Visit:
    site: str
    arrived: datetime
    channel: str
    direct: bool = False
    persons: int = 1
    stays: list[Stay] = field(default_factory=list)

    @property
    def day(self) -> date:
        return self.arrived.astimezone(PARIS).date()

    @property
    def is_waiting(self) -> bool:
        """Never called, and not gone."""
        last = self.stays[-1]
        return last.outcome == "still_open" and last.called is None and not last.serving


def visits_of(rows: Iterable[tuple[Any, Any, str, datetime, str, dict[str, Any]]]) -> list[Visit]:
    """Visits from rows of visit_event: event_id, visit_id, type, occurred_at, site, body."""
    rows = list(rows)
    joined, taken_back = {}, set()
    for _, visit_id, kind, _, _, body in rows:
        if kind == "correction" and "joins" in body:
            joined[UUID(body["joins"])] = visit_id
        elif kind == "correction":
            taken_back.add(UUID(body["corrects"]))
    by_visit = defaultdict(list)
    for event_id, visit_id, kind, at, site, body in rows:
        one = visit_id
        while one in joined:
            one = joined[one]
        if kind != "correction" and event_id not in taken_back:
            by_visit[one].append((at, kind, site, body))
    visits = []
    for events in by_visit.values():
        events.sort(key=lambda event: event[0])
        if not any(body.get("mode") == "test" for *_, body in events):
            visits.append(_visit(events))
    return visits


def _visit(events: list[tuple[datetime, str, str, dict[str, Any]]]) -> Visit:
    at, kind, site, body = events[0]
    default = {"ticket_issued": "kiosk", "checked_in": "reception"}
    visit = Visit(site, at, body.get("channel", default.get(kind, "kiosk")))
    visit.direct = kind == "service_started"
    visit.stays.append(Stay(body["directorate"], body["service"], at))
    is_declared = False
    for at, kind, _, body in events:
        party = body.get("party_size")
        if party and (party["declared"] or not is_declared):
            visit.persons, is_declared = party["persons"], is_declared or party["declared"]
        _go_on(visit, at, kind, body)
    return visit


def _go_on(visit: Visit, at: datetime, kind: str, body: dict[str, Any]) -> None:
    stay = visit.stays[-1]
    if kind == "checked_in" and stay.outcome in CLOSINGS:
        stay.outcome = "still_open"
    elif kind in ("called", "recalled") and stay.outcome != "served":
        stay.called = stay.called or at
        stay.outcome = "still_open" if stay.outcome in CLOSINGS else stay.outcome
    elif kind == "service_started":
        if not visit.direct:
            stay.called = stay.called or at
        stay.serving, stay.outcome = True, "still_open"
    elif kind == "service_ended":
        stay.outcome, stay.serving = "served", False
    elif kind == "returned":
        stay.outcome, stay.serving = "still_open", False
    elif kind == "transferred":
        if stay.outcome == "still_open":
            quick = at - stay.began < timedelta(seconds=60)
            stay.redirected = quick and stay.called is None
            stay.outcome = "transferred"
        visit.stays.append(Stay(body["directorate"], body["service"], at))
    elif kind in CLOSINGS and stay.outcome == "still_open":
        stay.outcome = kind
