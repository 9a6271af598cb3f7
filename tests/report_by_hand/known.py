"""What is known of a period by hand: its visits, those of the times before, and the days."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from schemas.registry import Registry
from tests.report_by_hand.opening import Opening
from tests.report_by_hand.visits import PARIS, Stay, Visit

NOT_APPLICABLE, MISSING = "not_applicable", "missing"


class Between(NamedTuple):
    """A figure that may be anything in [low, high]: what a sketch of waits promises."""

    low: float
    high: float


Figure = float | str | date | datetime | Between
Asked = Callable[[str, Stay], bool]
"""Whether a stay at a site is of a line."""


class Span(NamedTuple):
    """Local days, both ends included."""

    first: date
    last: date

    def days(self) -> Iterator[date]:
        """Each of them."""
        for number in range((self.last - self.first).days + 1):
            yield self.first + timedelta(days=number)


def same_day_of_iso_year_before(day: date) -> date:
    """The same weekday of the same ISO week."""
    year, week, weekday = day.isocalendar()
    return date.fromisocalendar(year - 1, week, weekday)


@dataclass
class Known:
    """The figures of a period are put together from this."""

    registry: Registry
    opening: Opening
    visits: Sequence[Visit]
    """Of all times."""
    span: Span
    before: Span
    """The period before."""
    by_months: bool
    """Whether its series has months, and not days."""
    figures: dict[tuple[str, str, str], Figure] = field(default_factory=dict)

    def put(self, table: str, line: str, **cells: Figure) -> None:
        """Write cells down by their column."""
        for column, value in cells.items():
            self.figures[table, line, column] = value

    @property
    def sites(self) -> list[str]:
        return [site.code for site in self.registry.sites]

    @cached_property
    def now(self) -> list[Visit]:
        return self.within(self.span)

    @cached_property
    def previous(self) -> list[Visit]:
        return self.within(self.before)

    @cached_property
    def last_year(self) -> list[Visit]:
        counterparts = [same_day_of_iso_year_before(day) for day in self.span.days()]
        return self.within(Span(min(counterparts), max(counterparts)))

    def within(self, span: Span) -> list[Visit]:
        return [visit for visit in self.visits if span.first <= visit.day <= span.last]

    def sites_of(self, asked: Asked) -> set[str]:
        """Where the visitors of a line were ever seen; of all lines, everywhere."""
        every = (*self.now, *self.previous, *self.last_year)
        return {visit.site for visit in every for stay in visit.stays if asked(visit.site, stay)}

    def is_open(self, site: str, day: date) -> bool:
        return bool(self.opening.minutes(site, day))

    @cached_property
    def seen(self) -> dict[str, set[date]]:
        """Open days of each site on which somebody came, or a device was heard meanwhile."""
        return {
            site: {
                day
                for day in self.span.days()
                if self.is_open(site, day)
                and (
                    any(visit.site == site and visit.day == day for visit in self.now)
                    or any(heard for _, heard in self.opening.hours(site, day).values())
                )
            }
            for site in self.sites
        }

    def days_seen(self, sites: Collection[str]) -> set[date]:
        return set().union(*(self.seen[site] for site in sites))

    @cached_property
    def pairs(self) -> dict[tuple[str, date], date]:
        """Days of a site with passages, and their like of the year before, with passages too."""
        then = {(visit.site, visit.day) for visit in self.last_year}
        return {
            (site, day): before
            for site in self.sites
            for day in {visit.day for visit in self.now if visit.site == site}
            if (site, before := same_day_of_iso_year_before(day)) in then
            and self.is_open(site, day)
            and self.is_open(site, before)
        }

    def directorates(self) -> Iterator[tuple[str, bool]]:
        """Each with whether it receives anybody."""
        for one in self.registry.directorates:
            yield one.code, one.receives_public

    def services(self, directorate: str) -> list[str]:
        return [one.code for one in self.registry.services if one.directorate == directorate]

    def lines(self, *, with_services: bool) -> Iterator[tuple[str, Asked | None]]:
        """Key of each line, and of whom it is; of nobody where a directorate receives none."""
        for code, is_public in self.directorates():
            if not is_public:
                yield f"directorate:{code}", None
                continue
            yield f"directorate:{code}", lambda _, stay, d=code: stay.directorate == d
            for service in self.services(code) if with_services else ():
                yield f"service:{service}", lambda _, stay, s=service: stay.service == s
        yield "total", lambda site, stay: True


def share(part: float | str, whole: float) -> Any:
    """A part of a whole; of nothing there is none."""
    if isinstance(part, str):
        return part
    return part / whole if whole else NOT_APPLICABLE


def change(now: float | str, before: float | str) -> Any:
    """How much more; from nothing there is no more."""
    for one in (now, before):
        if isinstance(one, str):
            return one
    return float(now) / float(before) - 1 if before else NOT_APPLICABLE


def quantile(ordered: Sequence[Any], q: float) -> Any:
    """The smallest that at least q of them do not exceed."""
    return ordered[max(1, math.ceil(q * len(ordered))) - 1]


def hour_of(at: datetime) -> datetime:
    """The start of its hour: local and UTC hours begin together here."""
    return at.replace(minute=0, second=0, microsecond=0)


def local(day: date, minute: int) -> datetime:
    """The instant of a minute of the local day."""
    return datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=PARIS)
