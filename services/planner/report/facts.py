"""What was read for the report, and what is known of its days. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple

from services.planner.report.content import Names, Scope, Span
from services.planner.report.spans import Spans
from services.planner.slots.calendar import SiteCalendar, days_between
from services.planner.typical.yearly import counterpart

MEASURES = (
    "passages",
    "persons",
    "direct",
    "queue_entries",
    "served",
    "no_show",
    "left",
    "cancelled",
    "auto_closed",
    "transferred",
    "redirected",
    "waits",
    "wait_ms",
)


class Counted(NamedTuple):
    """The counts of a local day, site, directorate, service and channel."""

    day: date
    site: str
    directorate: str
    service: str
    channel: str
    counts: tuple[int, ...]
    """In the order of MEASURES."""

    @property
    def passages(self) -> int:
        """How many came."""
        return self.counts[0]


class HourKnown(NamedTuple):
    """What is known of an hour in which a site was open."""

    start: datetime
    day: date
    hour: int
    """Of the site's own clock."""
    site: str
    covered_minutes: int
    open_minutes: int
    is_final: bool


class HourCounted(NamedTuple):
    """Passages of a local hour at a site."""

    start: datetime
    day: date
    hour: int
    site: str
    passages: int


class Silence(NamedTuple):
    """Minutes of opening of a day in which a device was not heard."""

    site: str
    device: str
    day: date
    minutes: int


class OpenWait(NamedTuple):
    """Visitors who were never called: right-censored waits."""

    site: str
    directorate: str
    service: str
    age_s: float
    visits: int


class SentOn(NamedTuple):
    """Visitors who were sent on from one directorate to another, or within one."""

    from_directorate: str
    to_directorate: str
    visits: int


@dataclass(frozen=True)
class Facts:
    """Everything the report is made of."""

    spans: Spans
    extracted_at: datetime
    names: Names
    calendars: Mapping[str, SiteCalendar]
    directorates: Sequence[str]
    """In force in the period, in the order in which they are shown."""
    services: Mapping[str, Sequence[str]]
    """Of each directorate, in force in the period."""
    without_public: frozenset[str]
    """Directorates that receive nobody."""
    counted: Mapping[Span, Sequence[Counted]]
    hours_known: Sequence[HourKnown]
    hours_counted: Sequence[HourCounted]
    silences: Sequence[Silence]
    bins: Mapping[Scope, Mapping[int, int]]
    """Waits to the first call of each site, directorate and service, by bin of the sketch."""
    open_waits: Sequence[OpenWait]
    sent_on: Sequence[SentOn]
    thresholds: Mapping[int, str]
    """Seconds, and who says so."""

    @cached_property
    def passages_by_day(self) -> Mapping[Span, Mapping[tuple[str, date], int]]:
        """Passages of each site and local day."""
        found: dict[Span, dict[tuple[str, date], int]] = {}
        for span, rows in self.counted.items():
            sums: Counter[tuple[str, date]] = Counter()
            for row in rows:
                sums[row.site, row.day] += row.passages
            found[span] = sums
        return found

    @cached_property
    def seen_days(self) -> Mapping[Span, Mapping[str, frozenset[date]]]:
        """Open days of each site of which anything is known: a device was heard, or somebody came.

        Of the spans that are compared with only the second is asked: history that was imported has
        no signs of life.
        """
        heard = {(one.site, one.day) for one in self.hours_known if one.covered_minutes > 0}
        seen: dict[Span, dict[str, frozenset[date]]] = {}
        for span, sums in self.passages_by_day.items():
            came = {at for at, passages in sums.items() if passages > 0}
            known = came | heard if span == "now" else came
            seen[span] = {
                site: frozenset(day for of, day in known if of == site and calendar.is_open(day))
                for site, calendar in self.calendars.items()
            }
        return seen

    @cached_property
    def open_days(self) -> Mapping[str, frozenset[date]]:
        """Days of the period that are over and on which each site was open by its calendar."""
        now = self.spans.now
        days = tuple(days_between(now.first, now.last))
        return {
            site: frozenset(day for day in days if calendar.is_open(day))
            for site, calendar in self.calendars.items()
        }

    @cached_property
    def comparable_days(self) -> Mapping[str, Mapping[date, date]]:
        """Of each site, days that have a counterpart the year before: same ISO week and weekday.

        Both days were open and had a passage at the site.
        """
        now, then = self.passages_by_day["now"], self.passages_by_day["last_year"]
        found: dict[str, dict[date, date]] = {}
        for site, calendar in self.calendars.items():
            pairs = {}
            for day in self.seen_days["now"][site]:
                before = counterpart(day)
                if (
                    before is not None
                    and calendar.is_open(before)
                    and now.get((site, day), 0) > 0
                    and then.get((site, before), 0) > 0
                ):
                    pairs[day] = before
            found[site] = pairs
        return found

    @cached_property
    def _sites_of(self) -> Mapping[tuple[str | None, str | None], frozenset[str]]:
        sites: dict[tuple[str | None, str | None], set[str]] = defaultdict(set)
        for rows in self.counted.values():
            for row in rows:
                for key in ((row.directorate, None), (row.directorate, row.service)):
                    sites[key].add(row.site)
        return {key: frozenset(found) for key, found in sites.items()}

    def sites_of(self, scope: Scope) -> frozenset[str]:
        """Where the visitors of a scope were ever counted; all sites for everybody."""
        if scope.site is not None:
            return frozenset({scope.site})
        if scope.directorate is None:
            return frozenset(self.calendars)
        return self._sites_of.get((scope.directorate, scope.service), frozenset())

    def is_seen(self, sites: Collection[str], span: Span = "now") -> bool:
        """True when anything is known of one of the sites."""
        return any(self.seen_days[span].get(site) for site in sites)

    def days_seen(self, sites: Iterable[str], span: Span = "now") -> frozenset[date]:
        """Days that are known and on which at least one of the sites was open."""
        return frozenset().union(*(self.seen_days[span].get(site, ()) for site in sites))

    def open_hours(self, sites: Collection[str], span: Span = "now") -> float:
        """Hours of the known days in which at least one of the sites was open."""
        by_day: dict[date, list[tuple[int, int]]] = defaultdict(list)
        for site in sites:
            for day in self.seen_days[span].get(site, ()):
                by_day[day] += opening(self.calendars[site], day)
        return sum(map(_union_minutes, by_day.values())) / 60


def opening(calendar: SiteCalendar, day: date) -> list[tuple[int, int]]:
    """Half-open minutes [opens, closes) of the local day."""
    return [
        (rule.opens.hour * 60 + rule.opens.minute, rule.closes.hour * 60 + rule.closes.minute)
        for rule in calendar.rules
        if rule.holds_on(day)
    ]


def _union_minutes(stretches: Iterable[tuple[int, int]]) -> int:
    total = end = 0
    for opens, closes in sorted(stretches):
        total += max(0, closes - max(opens, end))
        end = max(end, closes)
    return total
