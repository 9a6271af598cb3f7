"""When a site is open: its slots of 15 minutes or an hour, by its own clock. Pure.

A closed slot does not exist. That is how closed slots stay out of bands, models and forecasts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.core.calendar import BUCKET_MINUTES, bucket_start, instant

_ONE_DAY = timedelta(days=1)
_BUCKET = timedelta(minutes=BUCKET_MINUTES)


@dataclass(frozen=True, slots=True)
class OpeningRule:
    """Half-open local hours [opens, closes) of an ISO weekday; validity dates are half-open."""

    valid_from: date | None
    valid_to: date | None
    iso_weekday: int
    opens: time
    closes: time

    def holds_on(self, day: date) -> bool:
        """True when the rule opens the site on that local day."""
        return (
            day.isoweekday() == self.iso_weekday
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_to is None or day < self.valid_to)
        )


@dataclass(frozen=True, slots=True)
class Slot:
    """A piece of a local day in which a site is open, for a part of it at least."""

    day: date
    minute: int
    """Minutes of the site's clock after midnight at which it starts."""
    start: datetime
    """The instant of it: tells apart the two slots of an hour that a clock change repeats."""

    @property
    def label(self) -> str:
        """`09:15`."""
        return clock(self.minute)


@dataclass(frozen=True, slots=True)
class SiteCalendar:
    """Opening rules and closed days of one site."""

    time_zone: str
    rules: tuple[OpeningRule, ...]
    closed: Mapping[date, str] = field(default_factory=dict)
    """Why the site stays closed on a day: public holidays and its own closures."""
    valid_from: date | None = None
    valid_to: date | None = None

    def opens_on_weekday_of(self, day: date) -> bool:
        """True when the day is one on which the site ordinarily opens, closed or not."""
        exists = (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day < self.valid_to
        )
        return exists and any(rule.holds_on(day) for rule in self.rules)

    def is_open(self, day: date) -> bool:
        """True when the site opens at all on that local day."""
        return day not in self.closed and self.opens_on_weekday_of(day)

    def slots(self, day: date, minutes: int) -> tuple[Slot, ...]:
        """The open slots of a local day, in order: 15 or 60 minutes long, cut by the clock.

        A slot counts when the site is open in any part of it. None on a closed day; on the night
        of a clock change the hour that is skipped has none, and the one that is repeated has two.
        """
        if not self.is_open(day):
            return ()
        zone = ZoneInfo(self.time_zone)
        found: dict[datetime, Slot] = {}
        for rule in self.rules:
            if not rule.holds_on(day):
                continue
            at = bucket_start(instant(day, rule.opens, self.time_zone))
            closes = instant(day, rule.closes, self.time_zone)
            while at < closes:
                local = at.astimezone(zone)
                into = timedelta(minutes=local.minute % minutes)
                start = at - into
                minute = local.hour * 60 + local.minute - local.minute % minutes
                found.setdefault(start, Slot(day, minute, start))
                at += _BUCKET
        return tuple(found[start] for start in sorted(found))


def days_between(first: date, last: date) -> Iterator[date]:
    """Each day of [first, last], both included."""
    for number in range((last - first).days + 1):
        yield first + number * _ONE_DAY


def clock(minute: int) -> str:
    """`09:15`, of minutes after midnight."""
    return f"{minute // 60:02}:{minute % 60:02}"
