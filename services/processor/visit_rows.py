"""A changed visit as rows of table `visit`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from services.core.calendar import business_date, from_us
from services.core.decisions import RegistryIndex
from services.core.joins import StoredVisit, VisitChange
from services.core.visits import Visit
from services.processor.store import VisitRow


def visit_rows(
    change: VisitChange, stored: Mapping[str, StoredVisit], registry: RegistryIndex
) -> Iterator[VisitRow]:
    """The row of the visit itself, then one for each id that now points to it."""

    def version(visit_id: str) -> int:
        return stored[visit_id].version + 1 if visit_id in stored else 1

    last_event_us = max(fact.at_us for fact in change.history)
    yield VisitRow(
        change.visit_id,
        version(change.visit_id),
        None,
        change.history,
        last_event_us,
        change.after.state,
        _columns(change.after, registry),
    )
    for visit_id in change.joined:
        yield VisitRow(
            visit_id, version(visit_id), change.visit_id, [], last_event_us, "joined", {}
        )


def _columns(visit: Visit, registry: RegistryIndex) -> dict[str, Any]:
    if not visit.stays:
        return {"tickets": visit.tickets}
    first, last = visit.stays[0], visit.stays[-1]
    arrived_at = from_us(first.started_us)
    site = registry.sites[first.site]
    return {
        "arrived_at": arrived_at,
        "business_date": business_date(
            arrived_at, time_zone=site.time_zone, starts=site.business_day_starts
        ),
        "site": first.site,
        "queue": first.queue,
        "directorate": last.directorate,
        "service": last.service,
        "channel": visit.channel,
        "persons": visit.persons,
        "tickets": visit.tickets,
        "stay_started_at": from_us(last.started_us),
        "first_called_at": from_us(last.first_called_us) if last.first_called_us else None,
    }
