"""What staffing needs of the history, read through the views as the reader role."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from psycopg.rows import class_row

from schemas.queries import load_queries
from services.planner.period import Period
from services.planner.question import BadQuestion
from services.planner.staffing.days import ChosenDays, Opening, choose, days_between
from services.planner.staffing.demand import Demand, QuarterHour, measured, service_time

SQL = load_queries("services.planner.staffing")


@dataclass(frozen=True, slots=True)
class Place:
    """The visitors of one site that are asked about: all, of a directorate, or of a service."""

    site: str
    directorate: str | None = None
    service: str | None = None

    def __str__(self) -> str:
        named = ((self.directorate or "").upper(), self.service)
        return ", ".join([self.site, *(part for part in named if part)])


@dataclass(frozen=True, slots=True)
class History:
    """A place's rows over a period, and the days on which its site was open and seen."""

    place: Place
    period: Period
    rows: list[QuarterHour]
    service_s: dict[str, dict[float, int]]
    """By service, service times in seconds and how often each was measured."""
    opening: list[Opening]
    closed: dict[date, str]
    """Closed days of any year, with their reason."""
    coverage: dict[date, float]
    recorded: set[date]

    def days(self, iso_weekday: int) -> ChosenDays:
        """The days of this weekday that speak for it."""
        candidates = [
            day
            for day in days_between(self.period.first, self.period.last)
            if day.isoweekday() == iso_weekday
        ]
        return choose(candidates, self.opening, self.closed, self.coverage, self.recorded)

    def services(self) -> set[str]:
        """Services that received anybody."""
        return {row.service for row in self.rows}

    def demand(
        self, days: ChosenDays, between_s: float, services: Collection[str] | None = None
    ) -> Demand:
        """Demand of these days, of all services or some.

        Raises BadQuestion when there is no such day, or no service time was ever measured.
        """
        rows = [row for row in self.rows if services is None or row.service in services]
        bins: dict[float, int] = {}
        for service, counted in self.service_s.items():
            if services is None or service in services:
                for seconds, n in counted.items():
                    bins[seconds] = bins.get(seconds, 0) + n
        taken = service_time(rows, bins, between_s)
        if not days.days:
            raise BadQuestion(
                f"no open day of that weekday is known at {self.place.site} in {self.period}; "
                "choose a longer period, another weekday, or see `passage history --coverage`"
            )
        if taken is None:
            raise BadQuestion(
                f"no service time was measured for {self.place} in {self.period}: desks that "
                "report no beginning and end of a service cannot be planned; choose another period"
            )
        return measured(rows, days.days, days.hours, service=taken)


def read_history(connection: psycopg.Connection[Any], place: Place, period: Period) -> History:
    """Everything about the place in the period. Raises BadQuestion when nothing is recorded."""
    asked = {
        "site": place.site,
        "directorate": place.directorate,
        "service": place.service,
        "from_at": period.from_at,
        "to_at": period.to_at,
    }
    with connection.cursor(row_factory=class_row(QuarterHour)) as quarters:
        rows = quarters.execute(SQL["quarter_hours"], asked).fetchall()
    with connection.cursor(row_factory=class_row(Opening)) as hours:
        opening = hours.execute(SQL["opening"], asked).fetchall()
    service_s: dict[str, dict[float, int]] = {}
    for service, seconds, n in connection.execute(SQL["service_bins"], asked):
        service_s.setdefault(service, {})[seconds] = n
    return History(
        place,
        period,
        rows,
        service_s,
        opening,
        dict(connection.execute(SQL["closed_days"], asked).fetchall()),
        dict(connection.execute(SQL["coverage"], asked).fetchall()),
        {row[0] for row in connection.execute(SQL["recorded_days"], asked)},
    )
