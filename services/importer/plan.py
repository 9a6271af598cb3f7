"""What an import changes, pure: the days that files give against the days that are stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.core.calendar import MIDNIGHT, from_us, instant
from services.core.footfall import Footfall, FootfallKey

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month of a site, or the part of it that an import touches; both days included."""

    first: date
    last: date
    from_at: datetime
    to_at: datetime


@dataclass
class MonthChange:
    """What a month needs, for one transaction."""

    month: Month
    added: set[date] = field(default_factory=set)
    changed: set[date] = field(default_factory=set)
    removed: set[date] = field(default_factory=set)
    unchanged: set[date] = field(default_factory=set)
    difference: Footfall = field(default_factory=Footfall)
    passages_before: int = 0
    passages_after: int = 0

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def months(first: date, last: date, time_zone: str) -> Iterator[Month]:
    """The months of [first, last], both included, in order."""
    while first <= last:
        next_month = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        end = min(last, next_month - _ONE_DAY)
        yield Month(
            first,
            end,
            instant(first, MIDNIGHT, time_zone),
            instant(end + _ONE_DAY, MIDNIGHT, time_zone),
        )
        first = end + _ONE_DAY


def by_month(footfall: Footfall, zone: ZoneInfo) -> Mapping[tuple[int, int], Footfall]:
    """The footfall by (year, month) of the site."""
    parts: dict[tuple[int, int], Footfall] = defaultdict(Footfall)
    for key, measures in footfall.measures.items():
        day = date_of(key, zone)
        parts[day.year, day.month].measures[key] = measures
    for wait_bin, n in footfall.bins.items():
        day = date_of(wait_bin.key, zone)
        parts[day.year, day.month].bins[wait_bin] = n
    return parts


def date_of(key: FootfallKey, zone: ZoneInfo) -> date:
    """The local day of a bucket."""
    return from_us(key.bucket_start_us).astimezone(zone).date()


def change_of(
    month: Month,
    zone: ZoneInfo,
    *,
    wanted_days: Iterable[date],
    wanted: Footfall,
    stored_days: Iterable[date],
    stored: Footfall,
    difference: Footfall,
) -> MonthChange:
    """The days of a month by what becomes of them; `difference` turns `stored` into `wanted`."""
    now, before = set(wanted_days), set(stored_days)
    differing = {date_of(key, zone) for key in difference.measures} | {
        date_of(wait_bin.key, zone) for wait_bin in difference.bins
    }
    return MonthChange(
        month,
        added=now - before,
        changed=now & before & differing,
        removed=before - now,
        unchanged=(now & before) - differing,
        difference=difference,
        passages_before=_passages(stored),
        passages_after=_passages(wanted),
    )


def of_other_files(
    changes: Iterable[MonthChange], stored: Mapping[date, str], names: Iterable[str]
) -> dict[date, str]:
    """Days that would change or go, and that files of other names gave."""
    given = set(names)
    return {
        day: stored[day]
        for change in changes
        for day in sorted(change.changed | change.removed)
        if not set(stored[day].split(", ")) <= given
    }


def _passages(footfall: Footfall) -> int:
    return sum(measures.get("passages", 0) for measures in footfall.measures.values())
