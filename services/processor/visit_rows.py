"""A changed visit as rows of table `visit`, as COPY reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pydantic_core import to_json

from services.core.calendar import business_date, from_us
from services.core.decisions import RegistryIndex
from services.core.facts import Fact
from services.core.joins import StoredVisit, VisitChange
from services.core.visits import Visit
from services.processor.copy_text import NULL, copy_line, escaped, utc_text


def visit_rows(
    change: VisitChange, stored: Mapping[str, StoredVisit], registry: RegistryIndex
) -> Iterator[str]:
    """The line of the visit itself, then one for each id that now points to it.

    Their columns are in the order of statement `copy_visits`.
    """

    def version(visit_id: str) -> int:
        return stored[visit_id].version + 1 if visit_id in stored else 1

    # In order of time: the last one is the latest.
    last_event_at = utc_text(change.history[-1].at_us)
    yield copy_line(
        change.visit_id,
        version(change.visit_id),
        NULL,
        _history(change.history),
        last_event_at,
        change.after.state,
        *_columns(change.after, registry),
    )
    for visit_id in change.joined:
        yield copy_line(
            *(visit_id, version(visit_id), change.visit_id, "[]", last_event_at, "joined"),
            *_columns(_JOINED, registry),
        )


_JOINED = Visit()


def _history(facts: Sequence[Fact]) -> str:
    # Plain tuples are written in less than half the time that named ones take.
    return escaped(to_json([tuple(fact) for fact in facts]).decode())


def _columns(visit: Visit, registry: RegistryIndex) -> tuple[object, ...]:
    """From `arrived_at` to `tickets`."""
    test = "t" if visit.state == "test" else "f"
    if not visit.stays:
        return (*(NULL,) * 8, test, NULL, NULL, visit.tickets)
    first, last = visit.stays[0], visit.stays[-1]
    site = registry.sites[first.site]
    arrived_on = business_date(
        from_us(first.started_us), time_zone=site.time_zone, starts=site.business_day_starts
    )
    return (
        utc_text(first.started_us),
        arrived_on,
        first.site,
        NULL if first.queue is None else first.queue,
        last.directorate,
        last.service,
        visit.channel,
        visit.persons,
        test,
        utc_text(last.started_us),
        NULL if last.first_called_us is None else utc_text(last.first_called_us),
        visit.tickets,
    )
