"""Opening hours and counts of one site, read through the views as the reader role."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from schemas.queries import load_queries
from services.planner.period import Period
from services.planner.reference import read_reference
from services.planner.slots.calendar import OpeningRule, SiteCalendar
from services.planner.slots.observed import Observations, observe

SQL = load_queries("services.planner.slots")


@dataclass(frozen=True, slots=True)
class Place:
    """The visitors that are asked about: all of a site, or of one directorate at it."""

    site: str
    directorate: str | None = None

    def __str__(self) -> str:
        return f"{self.site}, {self.directorate.upper()}" if self.directorate else self.site


def read_calendar(connection: psycopg.Connection[Any], place: Place) -> SiteCalendar:
    """The site's calendar. Raises UnknownCode for an unknown site or directorate."""
    reference = read_reference(connection)
    reference.check("site", (place.site,))
    reference.check("directorate", (place.directorate,) if place.directorate else None)
    asked = {"site": place.site}
    (site,) = connection.execute(SQL["site"], asked).fetchall()
    rules = [OpeningRule(*row) for row in connection.execute(SQL["opening"], asked)]
    closed = dict(connection.execute(SQL["closed_days"], asked).fetchall())
    time_zone, valid_from, valid_to = site
    return SiteCalendar(time_zone, tuple(rules), closed, valid_from, valid_to)


def read_first_day(
    connection: psycopg.Connection[Any], place: Place, period: Period
) -> date | None:
    """The first local day on which the site counted anybody; None when it never did."""
    asked = {"site": place.site, "to_at": period.to_at}
    row = connection.execute(SQL["first_day"], asked).fetchone()
    return row[0] if row else None


def read_observations(
    connection: psycopg.Connection[Any],
    place: Place,
    calendar: SiteCalendar,
    period: Period,
    minutes: int,
) -> Observations:
    """What was counted in each open slot of the period, 15 or 60 minutes long."""
    asked = {
        "site": place.site,
        "directorate": place.directorate,
        "from_at": period.from_at,
        "to_at": period.to_at,
    }
    return observe(
        calendar,
        period.first,
        period.last,
        minutes,
        counts=dict(connection.execute(SQL["passages"], asked).fetchall()),
        site_days=frozenset(row[0] for row in connection.execute(SQL["site_days"], asked)),
        coverage=dict(connection.execute(SQL["coverage"], asked).fetchall()),
    )
