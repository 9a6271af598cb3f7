"""When a site of the registry is open, in epoch milliseconds: the simulator's only unit of time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

from schemas.registry import Registry, Site
from services.core import calendar

Periods = tuple[tuple[int, int], ...]
"""Half-open [opens, closes) in epoch milliseconds, in order."""

LONGEST_CLOSURE_DAYS = 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class UnknownHolidays(Exception):
    """The registry names public holidays that the `holidays` package does not know."""


class NoOpenDay(Exception):
    """No site of the registry opens for a long time."""


def opening(site: Site, day: date) -> Periods:
    """Opening periods of that local day; none on a closed day or while the site is not in force."""
    if not site.valid_on(day) or (site.public_holidays and day in _holidays(site.public_holidays)):
        return ()
    return tuple(
        (to_ms(opens), to_ms(closes)) for opens, closes in sorted(calendar.open_periods(site, day))
    )


def open_days(registry: Registry, first: date, *, backwards: bool = False) -> Iterator[date]:
    """Days on which a site is open, from `first` on. Raises NoOpenDay after sixty closed ones."""
    day, closed = first, 0
    while closed < LONGEST_CLOSURE_DAYS:
        if any(opening(site, day) for site in registry.sites):
            closed = 0
            yield day
        else:
            closed += 1
        day += timedelta(days=-1 if backwards else 1)
    raise NoOpenDay(
        f"no site of the registry is open in the {closed} days "
        f"{'before' if backwards else 'after'} {first}"
    )


def local_day(registry: Registry, now: datetime) -> date:
    """Today; where sites are in several time zones, the day that is not over in all of them."""
    return min(now.astimezone(ZoneInfo(site.time_zone)).date() for site in registry.sites)


def at(site: Site, day: date, local: time) -> int:
    """Epoch milliseconds of a local time of day."""
    return to_ms(calendar.instant(day, local, site.time_zone))


def business_date(site: Site, epoch_ms: int) -> date:
    """The site's date, which changes at the hour at which tickets start again."""
    return calendar.business_date(
        as_datetime(epoch_ms), time_zone=site.time_zone, starts=site.business_day_starts
    )


def as_datetime(epoch_ms: int) -> datetime:
    """UTC, to the millisecond exactly (no binary fraction in between)."""
    return _EPOCH + timedelta(milliseconds=epoch_ms)


def to_ms(at: datetime) -> int:
    """Milliseconds since 1970 of an aware instant."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


@cache
def _holidays(name: str) -> holidays.HolidayBase:
    country, _, subdivision = name.partition("-")
    try:
        return holidays.country_holidays(country, subdiv=subdivision or None)
    except NotImplementedError:
        raise UnknownHolidays(
            f"public_holidays {name!r} is unknown; expected a country such as FR, "
            "or a country and subdivision such as FR-57"
        ) from None
