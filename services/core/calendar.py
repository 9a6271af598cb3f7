"""Local time, business dates and buckets. Intervals are half-open, instants are UTC."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    # A kiosk asks for a business date at each start, and needs none of the registry's models.
    from schemas.registry import Site, Weekday

MIDNIGHT = time(0)
BUCKET_MINUTES = 15
BUCKET = timedelta(minutes=BUCKET_MINUTES)
BUCKET_US = BUCKET_MINUTES * 60 * 1_000_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def to_us(at: datetime) -> int:
    """Microseconds since 1970 of an aware instant, exactly."""
    return (at - _EPOCH) // _MICROSECOND


def from_us(us: int) -> datetime:
    """The UTC instant of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=us)


def bucket_start(at: datetime) -> datetime:
    """Start of the 15-minute bucket that holds the instant.

    Every French territory's offset is a multiple of 15 minutes, so local hours and days are made of
    whole buckets.
    """
    return from_us(to_us(at) // BUCKET_US * BUCKET_US)


def business_date(at: datetime, *, time_zone: str, starts: time) -> date:
    """The site's business date of an instant: the next one begins at the local hour `starts`.

    It never goes back, not even where `starts` lies in the hour that a clock change repeats.
    """
    day = at.astimezone(ZoneInfo(time_zone)).date()
    return day if at >= instant(day, starts, time_zone) else day - timedelta(days=1)


def instant(day: date, at: time, time_zone: str) -> datetime:
    """The instant of a local wall-clock time.

    In the hour that a clock change repeats, the first of the two; in the one that it skips, the
    instant an unchanged clock would have shown.
    """
    return datetime.combine(day, at, tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def open_periods(
    site: Site, day: date, *, closed: frozenset[date] = frozenset()
) -> Iterator[tuple[datetime, datetime]]:
    """Instants [opens, closes) of a site on a local day; none on a day in `closed` or a closure."""
    if day in closed or any(c.first <= day <= c.last for c in site.closures):
        return
    for hours in site.opening_hours:
        if (hours.valid_from and day < hours.valid_from) or (
            hours.valid_to and day >= hours.valid_to
        ):
            continue
        for period in hours.week.get(_WEEKDAYS[day.weekday()], ()):
            yield (
                instant(day, period.opens, site.time_zone),
                instant(day, period.closes, site.time_zone),
            )
