"""The registry as rows of the reference tables, and how they differ from those that are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeAlias, get_args

import holidays

from schemas.registry import Registry, Site, Weekday
from services.provision.errors import InvalidRegistry

FIRST_YEAR = 2020
_YEARS_AHEAD = 2
_ISO_WEEKDAYS = {name: number for number, name in enumerate(get_args(Weekday), start=1)}

Key: TypeAlias = tuple[Any, ...]
Values: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A reference table: what identifies a row, and what is said of it."""

    name: str
    key: tuple[str, ...]
    values: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return self.key + self.values


_VALIDITY = ("valid_from", "valid_to")
# In an order in which each row finds what it names.
TABLES = (
    Table(
        "site",
        ("code",),
        ("name", "time_zone", "business_day_starts", "public_holidays", *_VALIDITY),
    ),
    Table("directorate", ("code",), ("name", "receives_public", *_VALIDITY)),
    Table("service", ("code",), ("name", "directorate", *_VALIDITY)),
    Table("queue", ("code",), ("site", "service", "prefix", *_VALIDITY)),
    Table("desk", ("code",), ("site", *_VALIDITY)),
    Table("device", ("code",), ("site", "kind", *_VALIDITY)),
    Table("opening_hours", ("site", *_VALIDITY, "weekday", "opens", "closes")),
    Table("closed_day", ("site", "day"), ("reason",)),
)

Rows: TypeAlias = Mapping[str, dict[Key, Values]]
"""By table, then by key."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What has to happen to one table; added and changed rows have their new values."""

    table: Table
    added: dict[Key, Values]
    changed: dict[Key, Values]
    removed: list[Key]

    def sentences(self) -> Iterator[str]:
        """One per kind of change, with the names of what changes while they are few."""
        for verb, keys in (
            ("add", list(self.added)),
            ("change", list(self.changed)),
            ("remove", self.removed),
        ):
            if keys:
                name = self.table.name.replace("_", " ")
                plural = "" if len(keys) == 1 or name.endswith("s") else "s"
                yield f"{verb} {len(keys)} {name}{plural}: {_listed(keys)}"


def difference(found: Rows, wanted: Rows) -> list[Difference]:
    """Per table, what to add, change and remove."""
    differences = []
    for table in TABLES:
        old, new = found[table.name], wanted[table.name]
        differences.append(
            Difference(
                table,
                added={key: values for key, values in new.items() if key not in old},
                changed={
                    key: values for key, values in new.items() if key in old and old[key] != values
                },
                removed=[key for key in old if key not in new],
            )
        )
    return differences


def rows(registry: Registry, today: date) -> Rows:
    """Every row that the registry means; `today` bounds the public holidays, two years ahead."""
    entries = {
        "site": registry.sites,
        "directorate": registry.directorates,
        "service": registry.services,
        "queue": registry.queues,
        "desk": registry.desks,
        "device": registry.devices,
    }
    result: dict[str, dict[Key, Values]] = {
        table.name: {
            (entry.code,): tuple(getattr(entry, column) for column in table.values)
            for entry in entries[table.name]
        }
        for table in TABLES
        if table.name in entries
    }
    result["opening_hours"] = {
        (site.code, week.valid_from, week.valid_to, _ISO_WEEKDAYS[day], one.opens, one.closes): ()
        for site in registry.sites
        for week in site.opening_hours
        for day, periods in week.week.items()
        for one in periods
    }
    result["closed_day"] = {
        (site.code, day): (reason,)
        for site in registry.sites
        for day, reason in closed_days(site, today).items()
    }
    return result


def closed_days(site: Site, today: date) -> dict[date, str]:
    """Local days on which the site stays closed, each with the reason: its own before a holiday's.

    Raises InvalidRegistry when the site names a country or subdivision without known holidays.
    """
    days = _public_holidays(site, today)
    for closure in site.closures:
        for offset in range((closure.last - closure.first).days + 1):
            days[closure.first + timedelta(days=offset)] = closure.reason
    return days


def _public_holidays(site: Site, today: date) -> dict[date, str]:
    if site.public_holidays is None:
        return {}
    country, _, subdivision = site.public_holidays.partition("-")
    try:
        calendar = holidays.country_holidays(
            country,
            subdiv=subdivision or None,
            years=range(FIRST_YEAR, today.year + _YEARS_AHEAD + 1),
        )
    except NotImplementedError:
        raise InvalidRegistry(
            f"site {site.code!r} has public_holidays {site.public_holidays!r}, for which none are "
            "known; expected a country such as FR, or a subdivision such as FR-57 (Alsace-Moselle)"
        ) from None
    return dict(calendar)


def _listed(keys: list[Key], most: int = 5) -> str:
    words = [" ".join(str(part) for part in key if part is not None) for key in keys[:most]]
    return ", ".join(words) + (f" and {len(keys) - most} more" if len(keys) > most else "")
