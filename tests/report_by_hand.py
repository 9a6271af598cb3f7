"""The figures of a report made again from raw events and the registry, with none of its code.

Slow and plain on purpose: a list of visits, and a loop for each figure. Knows nothing of buckets,
views, sketches or the fold of services/core.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from schemas.registry import Registry

PARIS = ZoneInfo("Europe/Paris")
OUTCOMES = ("served", "transferred", "no_show", "left", "cancelled", "auto_closed", "still_open")
CLOSINGS = ("no_show", "left", "cancelled", "auto_closed")


@dataclass
class Stay:
    directorate: str
    service: str
    began: datetime
    called: datetime | None = None
    serving: bool = False
    outcome: str = "still_open"
    redirected: bool = False

    @property
    def wait_min(self) -> float | None:
        return None if self.called is None else (self.called - self.began).total_seconds() / 60


@dataclass
class Visit:
    site: str
    arrived: datetime
    channel: str
    persons: int = 1
    stays: list[Stay] = field(default_factory=list)

    @property
    def day(self) -> date:
        return self.arrived.astimezone(PARIS).date()


def visits_of(rows: Iterable[tuple[Any, str, datetime, str, dict[str, Any]]]) -> list[Visit]:
    """Visits from rows of visit_event: visit_id, type, occurred_at, site, body."""
    rows = list(rows)
    joined: dict[Any, Any] = {}
    for visit_id, kind, _, _, body in rows:
        if kind == "correction":
            joined[UUID(body["joins"])] = visit_id
    by_visit = defaultdict(list)
    for visit_id, kind, at, site, body in rows:
        one = visit_id
        while one in joined:
            one = joined[one]
        if kind != "correction":
            by_visit[one].append((at, kind, site, body))
    visits = []
    for events in by_visit.values():
        events.sort(key=lambda event: event[0])
        if any(body.get("mode") == "test" for *_, body in events):
            continue
        visits.append(_visit(events))
    return visits


def _visit(events: list[tuple[datetime, str, str, dict[str, Any]]]) -> Visit:
    at, kind, site, body = events[0]
    default = {"ticket_issued": "kiosk", "checked_in": "reception"}
    visit = Visit(site, at, body.get("channel", default.get(kind, "kiosk")))
    visit.stays.append(Stay(body["directorate"], body["service"], at))
    is_declared = False
    for at, kind, _, body in events:
        stay = visit.stays[-1]
        party = body.get("party_size")
        if party and (party["declared"] or not is_declared):
            visit.persons, is_declared = party["persons"], is_declared or party["declared"]
        if kind == "checked_in" and stay.outcome in CLOSINGS:
            stay.outcome = "still_open"
        elif kind in ("called", "recalled") and stay.outcome != "served":
            stay.called = stay.called or at
            stay.outcome = "still_open" if stay.outcome in CLOSINGS else stay.outcome
        elif kind == "service_started":
            stay.called, stay.serving, stay.outcome = stay.called or at, True, "still_open"
        elif kind == "service_ended":
            stay.outcome, stay.serving = "served", False
        elif kind == "returned":
            stay.outcome, stay.serving = "still_open", False
        elif kind == "transferred":
            if stay.outcome == "still_open":
                quick = at - stay.began < timedelta(seconds=60)
                stay.redirected = quick and stay.called is None
                stay.outcome = "transferred"
            visit.stays.append(Stay(body["directorate"], body["service"], at))
        elif kind in CLOSINGS and stay.outcome == "still_open":
            stay.outcome = kind
    return visit


@dataclass
class ByHand:
    """Every figure by table, line and column."""

    registry: Registry
    now: list[Visit]
    previous: list[Visit]
    last_year: list[Visit]
    closed: frozenset[date]
    silent: frozenset[tuple[str, date]] = frozenset()
    """Sites and days without a heartbeat, though people came."""
    figures: dict[tuple[str, str, str], float | str | date | datetime] = field(default_factory=dict)

    def open_minutes(self, site: str, day: date) -> set[int]:
        """Minutes after midnight at which the site is open."""
        name = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day.weekday()]
        (one,) = (one for one in self.registry.sites if one.code == site)
        minutes: set[int] = set()
        if day not in self.closed:
            for hours in one.opening_hours:
                for period in hours.week.get(name, ()):
                    opens = period.opens.hour * 60 + period.opens.minute
                    closes = period.closes.hour * 60 + period.closes.minute
                    minutes.update(range(opens, closes))
        return minutes

    def sites_of(self, asked: Callable[[str, Stay], bool]) -> set[str]:
        every = (*self.now, *self.previous, *self.last_year)
        return {visit.site for visit in every for stay in visit.stays if asked(visit.site, stay)}

    def days_of(self, visits: list[Visit], sites: set[str]) -> set[date]:
        return {
            visit.day
            for visit in visits
            if visit.site in sites and self.open_minutes(visit.site, visit.day)
        }

    def work_out(self) -> None:
        """Fill `figures`."""
        self._scope("total", lambda site, stay: True)
        public = [one for one in self.registry.directorates if one.receives_public]
        for directorate in public:
            code = directorate.code
            self._scope(f"directorate:{code}", lambda _, stay, d=code: stay.directorate == d)
            for service in self.registry.services:
                if service.directorate == code:
                    of = service.code
                    self._scope(f"service:{of}", lambda _, stay, s=of: stay.service == s)
        for site in self.registry.sites:
            code = site.code
            self._site(f"site:{code}", lambda at, stay, c=code: at == c)
            for service in self.registry.services:
                of = service.code
                self._site(
                    f"site:{code}/service:{of}",
                    lambda at, stay, c=code, s=of: at == c and stay.service == s,
                )
        self._site("total", lambda at, stay: True)
        self._series()
        self._profile()
        self._peaks()
        summary = {
            "passages": ("flow", "passages"),
            "persons": ("flow", "persons"),
            "visits": ("flow", "visits"),
            "per_open_day": ("flow", "per_open_day"),
            "p50_wait": ("waits", "p50_wait"),
            "within:1200": ("waits", "within:1200"),
        }
        for line, (table, column) in summary.items():
            self.figures["summary", line, "value"] = self.figures[table, "total", column]

    def _scope(self, line: str, asked: Callable[[str, Stay], bool]) -> None:
        def put(table: str, **figures: float) -> None:
            for column, value in figures.items():
                self.figures[table, line, column.replace("__", ":")] = value

        passing = [v for v in self.now if asked(v.site, v.stays[0])]
        stays = [s for v in self.now for s in v.stays if asked(v.site, s)]
        sites = self.sites_of(asked)
        days = self.days_of(self.now, sites)
        hours = (
            sum(
                len(
                    set().union(
                        *(
                            self.open_minutes(site, day)
                            for site in sites
                            if (day in self.days_of(self.now, {site}))
                        )
                    )
                )
                for day in days
            )
            / 60
        )
        put(
            "flow",
            passages=len(passing),
            share=len(passing) / len(self.now),
            persons=sum(v.persons for v in passing),
            visits=sum(s.outcome == "served" for s in stays),
            per_open_day=len(passing) / len(days),
            per_open_hour=len(passing) / hours,
        )
        self._compare(line, asked, len(passing) / len(days), sites)
        if not line.startswith("service:"):
            put(
                "channels",
                channel__kiosk=sum(v.channel == "kiosk" for v in passing),
                channel__reception=sum(v.channel == "reception" for v in passing),
                channel__appointment=sum(v.channel == "appointment" for v in passing),
                passages=len(passing),
                direct=0,
            )
            put(
                "transfers",
                transferred=sum(s.outcome == "transferred" for s in stays),
                redirected=sum(s.redirected for s in stays),
                came_in=sum(asked(v.site, s) for v in self.now for s in v.stays[1:]),
            )
            put(
                "outcomes",
                queue_entries=len(stays),
                **{one: sum(s.outcome == one for s in stays) for one in OUTCOMES},
            )
        waits = sorted(s.wait_min for s in stays if s.wait_min is not None)
        put("waits", waits=len(waits), censored=0)
        if waits:
            put(
                "waits",
                mean_wait=sum(waits) / len(waits),
                p50_wait=quantile(waits, 0.5),
                p90_wait=quantile(waits, 0.9),
                within__1200=sum(wait <= 20 for wait in waits) / len(waits),
            )

    def _compare(
        self, line: str, asked: Callable[[str, Stay], bool], rate: float, sites: set[str]
    ) -> None:
        before = [v for v in self.previous if asked(v.site, v.stays[0])]
        days = self.days_of(self.previous, sites)
        previous = len(before) / len(days)
        then = {(v.site, v.day) for v in self.last_year}
        now = {(v.site, v.day) for v in self.now}
        pairs = {
            (site, day): counterpart
            for site, day in now
            if (site, counterpart := same_day_of_iso_year_before(day)) in then
        }
        after = sum((v.site, v.day) in pairs for v in self.now if asked(v.site, v.stays[0]))
        counterparts = {(site, day) for (site, _), day in pairs.items()}
        year = sum(
            (v.site, v.day) in counterparts for v in self.last_year if asked(v.site, v.stays[0])
        )
        found = {
            "per_open_day": rate,
            "previous_per_open_day": previous,
            "comparable_passages": after,
            "comparable_before": year,
        }
        if previous:
            found["previous_change"] = rate / previous - 1
        if year:
            found["comparable_change"] = after / year - 1
        for column, value in found.items():
            self.figures["compared", line, column] = value

    def _site(self, line: str, asked: Callable[[str, Stay], bool]) -> None:
        passing = [v for v in self.now if asked(v.site, v.stays[0])]
        stays = [s for v in self.now for s in v.stays if asked(v.site, s)]
        if not stays:
            return
        found: dict[str, float] = {
            "passages": len(passing),
            "share": len(passing) / len(self.now),
            "persons": sum(v.persons for v in passing),
            "visits": sum(s.outcome == "served" for s in stays),
            "per_open_day": len(passing) / len(self.days_of(self.now, self.sites_of(asked))),
        }
        waits = sorted(s.wait_min for s in stays if s.wait_min is not None)
        if waits:
            found["p50_wait"] = quantile(waits, 0.5)
            found["within:1200"] = sum(wait <= 20 for wait in waits) / len(waits)
        for column, value in found.items():
            self.figures["sites", line, column] = value

    def _series(self) -> None:
        every = {one.code for one in self.registry.sites}
        months = {f"{v.day:%Y-%m}" for v in self.now}
        for month in range(7, 13):
            self.figures["series", f"piece:2025-{month:02}", "seen_days"] = 0
        for line, visits in (
            *((f"piece:{m}", [v for v in self.now if f"{v.day:%Y-%m}" == m]) for m in months),
            ("total", self.now),
        ):
            days = len(self.days_of(visits, every))
            counted = Counter(v.stays[0].directorate for v in visits)
            for directorate in self.registry.directorates:
                if directorate.receives_public:
                    column = f"directorate:{directorate.code}"
                    self.figures["series", line, column] = counted[directorate.code]
            self.figures["series", line, "passages"] = len(visits)
            self.figures["series", line, "seen_days"] = days
            self.figures["series", line, "per_open_day"] = len(visits) / days

    def _profile(self) -> None:
        days = Counter(day.isoweekday() for day in {v.day for v in self.now})
        hours = Counter((v.day.isoweekday(), v.arrived.astimezone(PARIS).hour) for v in self.now)
        for (weekday, hour), passages in hours.items():
            figure = passages / days[weekday]
            self.figures["profile", f"hour:{hour:02}", f"weekday:{weekday}"] = figure

    def _peaks(self) -> None:
        days = Counter(v.day for v in self.now)
        hours = Counter(v.arrived.replace(minute=0, second=0, microsecond=0) for v in self.now)
        day = max(days, key=lambda one: (days[one], one))
        hour = max(hours, key=lambda one: (hours[one], one))
        open_hours = {
            datetime(day.year, day.month, day.day, minute // 60, tzinfo=PARIS).astimezone(
                hour.tzinfo
            )
            for day in days
            for site in self.registry.sites
            if (site.code, day) not in self.silent
            for minute in self.open_minutes(site.code, day)
        }
        counts = sorted(hours[one] for one in open_hours | set(hours))
        self.figures |= {
            ("peaks", "busiest_day", "when"): day,
            ("peaks", "busiest_day", "passages"): days[day],
            ("peaks", "busiest_hour", "when"): hour,
            ("peaks", "busiest_hour", "passages"): hours[hour],
            ("peaks", "p95_hour", "passages"): quantile(counts, 0.95),
            ("peaks", "p50_hour", "passages"): quantile(counts, 0.5),
        }


def quantile(ordered: list[Any], q: float) -> Any:
    """The smallest that at least q of them do not exceed."""
    return ordered[max(1, math.ceil(q * len(ordered))) - 1]


def same_day_of_iso_year_before(day: date) -> date:
    """The same weekday of the same ISO week."""
    year, week, weekday = day.isocalendar()
    return date.fromisocalendar(year - 1, week, weekday)
