"""Step 2: an event becomes Accepted with its corrected time, or Rejected with a reason.

Only this module says which events count. Pure: registry, anchor and both times come in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from schemas.events import DeviceEvent, VisitEvent
from schemas.reasons import Reason
from schemas.registry import Desk, Device, Directorate, Queue, Registry, Service, Site, Valid
from services.core.clock import BootAnchor, CorrectionMethod, correct

BACKFILL_HORIZON = timedelta(days=60)
"""How late an event may come. Ids are remembered for longer (services/processor), so that within
the horizon a duplicate is always known as one."""
_MOST_COMBINATIONS = 50_000
"""Of codes and days remembered as in force: some ten megabytes."""


class Accepted(NamedTuple):
    """An event that counts, and when it happened (UTC)."""

    event: VisitEvent | DeviceEvent
    corrected_at: datetime
    method: CorrectionMethod


@dataclass(frozen=True, slots=True)
class Rejected:
    """An event that does not count, and why."""

    reason: Reason
    field: str | None = None
    detail: str | None = None


V = TypeVar("V", bound=Valid)


class RegistryIndex:
    """The registry, ready to be asked by code."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.sites: Mapping[str, Site] = _by_code(registry.sites)
        self.directorates: Mapping[str, Directorate] = _by_code(registry.directorates)
        self.services: Mapping[str, Service] = _by_code(registry.services)
        self.queues: Mapping[str, Queue] = _by_code(registry.queues)
        self.desks: Mapping[str, Desk] = _by_code(registry.desks)
        self.devices: Mapping[str, Device] = _by_code(registry.devices)
        # Combinations of codes found in force on a day; the registry bounds them, not the events.
        self.in_force: set[tuple[str | date | None, ...]] = set()
        self._zones = {site.code: ZoneInfo(site.time_zone) for site in registry.sites}

    def local_day(self, site: str, at: datetime) -> date:
        """The local calendar date at a known site."""
        return at.astimezone(self._zones[site]).date()


def _by_code(entries: Iterable[V]) -> dict[str, V]:
    return {entry.code: entry for entry in entries}


def decide(
    event: VisitEvent | DeviceEvent,
    *,
    received_at: datetime,
    now: datetime,
    registry: RegistryIndex,
    anchor: BootAnchor | None,
) -> Accepted | Rejected:
    """Does this event count, and when did it happen?

    `received_at` is when the broker took the message, `now` when it is decided on (a replay comes
    later), `anchor` that of the event's boot, if known.
    """
    corrected_at, method = correct(
        event, received_at=received_at, anchor=anchor, horizon=BACKFILL_HORIZON
    )
    if corrected_at < now - BACKFILL_HORIZON:
        return Rejected(
            Reason.TOO_OLD,
            "occurred_at",
            f"it happened more than {BACKFILL_HORIZON.days} days ago",
        )
    site = registry.sites.get(event.site)
    if site is None:
        return Rejected(Reason.UNKNOWN_SITE, "site", f"no site {event.site!r} in the registry")
    day = registry.local_day(site.code, corrected_at)
    if not site.valid_on(day):
        return Rejected(Reason.UNKNOWN_SITE, "site", f"site {site.code!r} is not in force on {day}")
    # Asked of the instance's own fields: most types have not all of these.
    code = vars(event).get
    combination = (
        *(site.code, day, event.source, code("directorate"), code("service")),
        *(code("queue"), code("desk")),
    )
    if combination not in registry.in_force:
        rejected = _check_codes(event, site, day, registry)
        if rejected is not None:
            return rejected
        if len(registry.in_force) >= _MOST_COMBINATIONS:
            registry.in_force.clear()
        registry.in_force.add(combination)
    return Accepted(event, corrected_at, method)


def _check_codes(
    event: VisitEvent | DeviceEvent, site: Site, day: date, registry: RegistryIndex
) -> Rejected | None:
    device = registry.devices.get(event.source)
    if device is None or not device.valid_on(day):
        return _unknown(Reason.UNKNOWN_DEVICE, "source", "device", event.source, day)
    if device.site != site.code:
        return _mismatch("source", f"device {device.code!r} stands at {device.site!r}")
    service_code = getattr(event, "service", None)
    directorate_code = getattr(event, "directorate", None)
    if directorate_code is not None:
        directorate = registry.directorates.get(directorate_code)
        if directorate is None or not directorate.valid_on(day):
            return _unknown(
                Reason.UNKNOWN_DIRECTORATE, "directorate", "directorate", directorate_code, day
            )
    if service_code is not None:
        service = registry.services.get(service_code)
        if service is None or not service.valid_on(day):
            return _unknown(Reason.UNKNOWN_SERVICE, "service", "service", service_code, day)
        if directorate_code is not None and service.directorate != directorate_code:
            return _mismatch(
                "directorate", f"service {service_code!r} belongs to {service.directorate!r}"
            )
    return _check_places(event, service_code, site, day, registry)


def _check_places(
    event: VisitEvent | DeviceEvent,
    service_code: str | None,
    site: Site,
    day: date,
    registry: RegistryIndex,
) -> Rejected | None:
    queue_code = getattr(event, "queue", None)
    if queue_code is not None:
        queue = registry.queues.get(queue_code)
        if queue is None or not queue.valid_on(day) or queue.site != site.code:
            return _unknown(Reason.UNKNOWN_QUEUE, "queue", "queue", queue_code, day, site)
        if service_code is not None and queue.service != service_code:
            return _mismatch("queue", f"queue {queue_code!r} is for service {queue.service!r}")
    desk_code = getattr(event, "desk", None)
    if desk_code is not None:
        desk = registry.desks.get(desk_code)
        if desk is None or not desk.valid_on(day) or desk.site != site.code:
            return _unknown(Reason.UNKNOWN_DESK, "desk", "desk", desk_code, day, site)
    return None


def _unknown(
    reason: Reason, field: str, kind: str, code: str, day: date, site: Site | None = None
) -> Rejected:
    where = f" at site {site.code!r}" if site is not None else ""
    return Rejected(reason, field, f"no {kind} {code!r}{where} in force on {day}")


def _mismatch(field: str, detail: str) -> Rejected:
    return Rejected(Reason.MISMATCH, field, detail)
