"""The picture of a site at an instant, from the newest message of each key. Pure: no I/O, no clock.

Nothing is added up over messages: a message replaces the one of its key. So a correction that takes
a passage back is a smaller number in a bucket, and a hall that empties is a row of zeros.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from schemas.footfall import Bucket, Device, FootfallMessage, Site, Waiting
from services.core.calendar import business_date

KEPT = timedelta(days=2)
"""How long a past bucket or business date is kept: today of every time zone began later."""


M = TypeVar("M", bound=FootfallMessage)


@dataclass(slots=True)
class Known:
    """The newest message of each key of one site; `description` is None until one has come."""

    description: Site | None = None
    buckets: dict[str, Bucket] = field(default_factory=dict)
    waiting: dict[str, Waiting] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)

    def take(self, message: FootfallMessage) -> None:
        """Take a message up, unless a later one of its key has come."""
        match message:
            case Bucket():
                _replace(self.buckets, message.key, message)
            case Waiting():
                _replace(self.waiting, message.key, message)
            case Device():
                _replace(self.devices, message.device, message)
            case Site():
                if self.description is None or message.as_of >= self.description.as_of:
                    self.description = message

    def forget(self, now: datetime) -> None:
        """Drop what can be of today no more."""
        for key in [key for key, one in self.buckets.items() if not is_recent(one, now)]:
            del self.buckets[key]
        for key in [key for key, one in self.waiting.items() if not is_recent(one, now)]:
            del self.waiting[key]


def _replace(kept: dict[str, M], key: str, message: M) -> None:
    before = kept.get(key)
    if before is None or message.as_of >= before.as_of:
        kept[key] = message


def is_recent(message: FootfallMessage, now: datetime) -> bool:
    """Whether a message may be about today, in whatever time zone."""
    match message:
        case Bucket():
            return message.bucket_start > now - KEPT
        case Waiting():
            return message.business_date > (now - KEPT).date()
        case _:
            return True


@dataclass(frozen=True, slots=True)
class Queue:
    """Who waits: for a service, a directorate, or the whole site."""

    passages: int = 0
    """Of the local day."""
    waiting: int = 0
    called: int = 0
    persons: int = 0
    waiting_since: datetime | None = None
    """Since when the first of those who wait has waited (UTC)."""

    def __add__(self, other: Queue) -> Queue:
        since = [at for at in (self.waiting_since, other.waiting_since) if at is not None]
        return Queue(
            self.passages + other.passages,
            self.waiting + other.waiting,
            self.called + other.called,
            self.persons + other.persons,
            min(since, default=None),
        )

    def longest_wait_s(self, now: datetime) -> int | None:
        """Whole seconds that the first of those who wait has waited; None when nobody waits."""
        if self.waiting_since is None:
            return None
        return max(0, int((now - self.waiting_since).total_seconds()))


@dataclass(frozen=True, slots=True)
class DeviceSign:
    """A device of the site and when it was last heard."""

    device: str
    kind: str
    silent: bool
    """Not heard for too long while the site is open; a gateway has no signs of life of its own."""
    last_received_at: datetime | None
    outbox_depth: int | None


@dataclass(frozen=True, slots=True)
class Picture:
    """A site as it is at an instant. Nothing in it changes by the mere passing of seconds."""

    site: str
    label: str
    local_date: date
    business_date: date
    open: bool
    total: Queue
    directorates: Mapping[str, Queue]
    services: Mapping[tuple[str, str], Queue]
    """By directorate and service."""
    directorate_labels: Mapping[str, str]
    service_labels: Mapping[str, str]
    devices: tuple[DeviceSign, ...]

    @property
    def silent(self) -> tuple[str, ...]:
        """The devices that are silent."""
        return tuple(one.device for one in self.devices if one.silent)


def picture(known: Known, now: datetime, silent_after: timedelta) -> Picture | None:
    """The site at the instant `now` (aware); None when the registry has no such site then.

    Passages are those of the calendar day of the site's own clock, those who wait are those of its
    business date, as in the views `footfall_daily` and `waiting_now`.
    """
    site = known.description
    if site is None:
        return None
    zone = ZoneInfo(site.time_zone)
    today = now.astimezone(zone).date()
    if not _in_force(site.valid_from, site.valid_to, today):
        return None
    business = business_date(now, time_zone=site.time_zone, starts=site.business_day_starts)
    services: defaultdict[tuple[str, str], Queue] = defaultdict(Queue)
    for bucket in known.buckets.values():
        if bucket.passages and bucket.bucket_start.astimezone(zone).date() == today:
            services[bucket.directorate, bucket.service] += Queue(passages=bucket.passages)
    for one in known.waiting.values():
        if one.business_date == business and (one.waiting or one.called):
            services[one.directorate, one.service] += Queue(
                0, one.waiting, one.called, one.persons, one.waiting_since
            )
    directorates: defaultdict[str, Queue] = defaultdict(Queue)
    for (directorate, _), queue in services.items():
        directorates[directorate] += queue
    opened_at = next((p.opens_at for p in site.open if p.opens_at <= now < p.closes_at), None)
    return Picture(
        site=site.site,
        label=site.label,
        local_date=today,
        business_date=business,
        open=opened_at is not None,
        total=sum(directorates.values(), Queue()),
        directorates=dict(sorted(directorates.items())),
        services=dict(sorted(services.items())),
        directorate_labels={entry.code: entry.label for entry in site.directorates},
        service_labels={entry.code: entry.label for entry in site.services},
        devices=tuple(
            _sign(placed.device, placed.kind, known.devices, now, opened_at, silent_after)
            for placed in site.devices
            if _in_force(placed.valid_from, placed.valid_to, today)
        ),
    )


def _sign(
    device: str,
    kind: str,
    heard: Mapping[str, Device],
    now: datetime,
    opened_at: datetime | None,
    silent_after: timedelta,
) -> DeviceSign:
    last = heard.get(device)
    last_at = last.last_received_at if last else None
    # What is switched off at night has this long in the morning.
    silent = (
        opened_at is not None
        and kind != "gateway"
        and now - max(opened_at, last_at or opened_at) > silent_after
    )
    return DeviceSign(device, kind, silent, last_at, last.outbox_depth if last else None)


def _in_force(valid_from: date | None, valid_to: date | None, day: date) -> bool:
    return (valid_from is None or valid_from <= day) and (valid_to is None or day < valid_to)
