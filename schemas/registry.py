"""Reference data: the sites, directorates, services, queues, desks and devices that events may
name.

Written by people in `deploy/registry.yaml`; loaded with `passage provision registry`. Everything
may carry `valid_from` and `valid_to` (half-open, local dates), so that a re-organisation does not
rewrite the past.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, time
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from schemas.thresholds import Threshold
from schemas.types import Code


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"{name!r} is not a time zone; expected one such as Europe/Paris"
        ) from None
    return name


def _opening(text: object) -> object:
    """`08:30-12:00` as people write it, to its two times."""
    if isinstance(text, str) and text.count("-") == 1:
        opens, closes = text.split("-")
        return {"opens": opens.strip(), "closes": closes.strip()}
    return text


TimeZone = Annotated[str, AfterValidator(_time_zone)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Label = Annotated[str, Field(min_length=1, max_length=120)]


class Entry(BaseModel):
    """Base of every entry: closed to unknown fields, immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Valid(Entry):
    """An entry with a code, in force from `valid_from` until the day before `valid_to`."""

    code: Code
    valid_from: date | None = None
    valid_to: date | None = None

    def valid_on(self, day: date) -> bool:
        """True when the entry is in force on that local day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day < self.valid_to
        )


class OpeningPeriod(Entry):
    """Half-open hours [opens, closes) of a local day."""

    opens: time
    closes: time

    @model_validator(mode="after")
    def _closes_later(self) -> OpeningPeriod:
        if self.closes <= self.opens:
            raise ValueError(f"closes at {self.closes} but opens at {self.opens}")
        return self


Opening = Annotated[OpeningPeriod, BeforeValidator(_opening)]


class WeeklyHours(Entry):
    """A week's opening hours, in force between two dates."""

    valid_from: date | None = None
    valid_to: date | None = None
    week: dict[Weekday, tuple[Opening, ...]]


class Closure(Entry):
    """Days [first, last], both included, on which a site stays closed for a stated reason."""

    first: date
    last: date
    reason: Label

    @model_validator(mode="after")
    def _ends_later(self) -> Closure:
        if self.last < self.first:
            raise ValueError(f"ends on {self.last} but starts on {self.first}")
        return self


class Site(Valid):
    """A place that receives visitors."""

    name: Label
    time_zone: TimeZone = "Europe/Paris"
    business_day_starts: time = time(4, 0)
    """Local hour at which tickets start again and the next business date begins."""
    public_holidays: str | None = "FR"
    """Country, or country-subdivision (`FR-57`), whose public holidays close the site."""
    wait_ends: Literal["call", "check_in"] = "call"
    """What ends a wait: the call of a desk, or the check-in where a site's desks call nobody."""
    opening_hours: tuple[WeeklyHours, ...] = ()
    closures: tuple[Closure, ...] = ()


class Directorate(Valid):
    """A directorate; it may receive at several sites."""

    name: Label
    receives_public: bool = True


class Service(Valid):
    """A service (bureau) of one directorate."""

    name: Label
    directorate: Code


class Queue(Valid):
    """A queue at a site, for one service, with its own run of ticket numbers."""

    site: Code
    service: Code
    prefix: Annotated[str, Field(pattern=r"^[A-Z]{0,3}$")] = ""


class Desk(Valid):
    """A counter at a site."""

    site: Code


class Device(Valid):
    """A kiosk, a reception or a gateway that emits events; a logical device, not its hardware."""

    site: Code
    kind: Literal["kiosk", "reception", "desk", "gateway"]


class Registry(Entry):
    """All reference data of one prefecture."""

    code: Code
    name: Label
    sites: tuple[Site, ...]
    directorates: tuple[Directorate, ...]
    services: tuple[Service, ...]
    queues: tuple[Queue, ...] = ()
    desks: tuple[Desk, ...] = ()
    devices: tuple[Device, ...]
    thresholds: tuple[Threshold, ...] = ()
    """How long a wait may be, and who says so."""

    @model_validator(mode="after")
    def _names_what_exists(self) -> Registry:
        problems = [
            *_twice("site", self.sites),
            *_twice("directorate", self.directorates),
            *_twice("service", self.services),
            *_twice("device", self.devices),
            *_twice("queue", self.queues),
            *_twice("desk", self.desks),
        ]
        sites = {site.code for site in self.sites}
        directorates = {directorate.code for directorate in self.directorates}
        services = {service.code for service in self.services}
        placed: tuple[Queue | Desk | Device, ...] = (*self.queues, *self.desks, *self.devices)
        problems += [
            f"service {s.code!r} names the unknown directorate {s.directorate!r}"
            for s in self.services
            if s.directorate not in directorates
        ]
        problems += [
            f"queue {q.code!r} names the unknown service {q.service!r}"
            for q in self.queues
            if q.service not in services
        ]
        problems += [
            f"{type(entry).__name__.lower()} {entry.code!r} names the unknown site {entry.site!r}"
            for entry in placed
            if entry.site not in sites
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self


def _twice(kind: str, entries: Iterable[Valid]) -> list[str]:
    counts = Counter(entry.code for entry in entries)
    return [f"{kind} {code!r} is declared {n} times" for code, n in counts.items() if n > 1]
