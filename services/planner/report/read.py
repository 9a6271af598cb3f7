"""The report's facts, through the views, as the reader role."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import psycopg

from schemas.queries import load_queries
from services.planner.period import Period
from services.planner.report.content import Names, Scope
from services.planner.report.facts import (
    Counted,
    Facts,
    HourCounted,
    HourKnown,
    OpenWait,
    SentOn,
    Silence,
)
from services.planner.report.spans import Spans
from services.planner.slots.calendar import OpeningRule, SiteCalendar

SQL = load_queries("services.planner.report")

Connection = psycopg.Connection[Any]


def read_facts(connection: Connection, spans: Spans, extracted_at: datetime) -> Facts:
    """All of it, in one read-only transaction: every figure is of the same moment."""
    now = spans.now
    asked = {
        "first": now.first,
        "last": now.last,
        "day": now.last,
        "from_at": now.from_at,
        "to_at": now.to_at,
        "at": extracted_at,
    }
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        sites = connection.execute(SQL["sites"], asked).fetchall()
        calendars = _calendars(connection, sites)
        directorates = connection.execute(SQL["directorates"], asked).fetchall()
        services = connection.execute(SQL["services"], asked).fetchall()
        names = Names(
            {site: name for site, name, *_ in sites},
            {code: name for code, name, _ in directorates},
            {code: name for code, name, _ in services},
        )
        zones = {site: ZoneInfo(calendar.time_zone) for site, calendar in calendars.items()}
        return Facts(
            spans=spans,
            extracted_at=extracted_at,
            names=names,
            calendars=calendars,
            directorates=tuple(code for code, *_ in directorates),
            services=_by_directorate(services),
            without_public=frozenset(code for code, _, public in directorates if not public),
            counted={
                "now": _days(connection, now),
                "previous": _days(connection, spans.previous),
                "last_year": _days(connection, spans.last_year) if spans.last_year else [],
            },
            hours_known=[
                HourKnown(start, day, start.astimezone(zones[site]).hour, site, *known)
                for start, day, site, *known in connection.execute(SQL["hours_known"], asked)
                if site in zones
            ],
            hours_counted=[
                HourCounted(start, day, start.astimezone(zones[site]).hour, site, passages)
                for start, day, site, passages in connection.execute(SQL["hours"], asked)
                if site in zones
            ],
            silences=[Silence(*row) for row in connection.execute(SQL["silences"], asked)],
            bins=_bins(connection, asked),
            open_waits=[OpenWait(*row) for row in connection.execute(SQL["open_waits"], asked)],
            sent_on=[SentOn(*row) for row in connection.execute(SQL["transfers"], asked)],
            thresholds=dict(connection.execute(SQL["thresholds"], asked).fetchall()),
        )


def _days(connection: Connection, period: Period) -> list[Counted]:
    asked = {"first": period.first, "last": period.last}
    return [
        Counted(day, site, directorate, service, channel, tuple(counts))
        for day, site, directorate, service, channel, *counts in connection.execute(
            SQL["days"], asked
        )
        # Where only test tickets were drawn, nobody came.
        if any(counts)
    ]


def _bins(connection: Connection, asked: Mapping[str, Any]) -> Mapping[Scope, Mapping[int, int]]:
    bins: dict[Scope, dict[int, int]] = defaultdict(dict)
    for site, directorate, service, bin_number, n in connection.execute(SQL["bins"], asked):
        bins[Scope(site, directorate, service)][bin_number] = n
    return bins


def _calendars(
    connection: Connection, sites: Sequence[tuple[Any, ...]]
) -> Mapping[str, SiteCalendar]:
    rules: dict[str, list[OpeningRule]] = defaultdict(list)
    for site, *rule in connection.execute(SQL["opening"]):
        rules[site].append(OpeningRule(*rule))
    closed: dict[str, dict[date, str]] = defaultdict(dict)
    for site, day, reason in connection.execute(SQL["closed_days"]):
        closed[site][day] = reason
    return {
        site: SiteCalendar(time_zone, tuple(rules[site]), closed[site], valid_from, valid_to)
        for site, _, time_zone, valid_from, valid_to in sites
    }


def _by_directorate(services: Sequence[tuple[Any, ...]]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for service, _, directorate in services:
        found[directorate].append(service)
    return found
