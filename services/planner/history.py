"""The hourly flow, read through the views as the reader role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row

from services.core.calendar import MIDNIGHT, instant
from services.runtime.queries import load_queries

_SQL = load_queries("services.planner")


@dataclass(frozen=True, slots=True)
class Period:
    """Local days [first, last], both included, as people name them, in a time zone."""

    first: date
    last: date
    time_zone: str

    @property
    def from_at(self) -> datetime:
        """The instant at which the first day begins."""
        return instant(self.first, MIDNIGHT, self.time_zone)

    @property
    def to_at(self) -> datetime:
        """The instant at which the last day has ended."""
        return instant(self.last + timedelta(days=1), MIDNIGHT, self.time_zone)


@dataclass(frozen=True, slots=True)
class HourlyFlow:
    """What one directorate received in one hour of its site's clock."""

    hour_start: datetime
    local_label: str
    """`2026-11-16 09:00+01:00`: tells the two 02:00 hours of October apart."""
    directorate: str
    passages: int
    persons: int
    waits: int
    wait_ms: int


def hourly_flow(
    connection: psycopg.Connection[Any],
    period: Period,
    *,
    site: str | None = None,
    directorate: str | None = None,
) -> Sequence[HourlyFlow]:
    """Hours with at least one passage, in order. An hour without a row: nobody came, or unknown."""
    with connection.cursor(row_factory=class_row(HourlyFlow)) as cursor:
        cursor.execute(
            _SQL["hourly_flow"],
            {
                "from_at": period.from_at,
                "to_at": period.to_at,
                "site": site,
                "directorate": directorate,
            },
        )
        return cursor.fetchall()


def totals(connection: psycopg.Connection[Any], period: Period) -> dict[str, int]:
    """Sum of every measure over the period; measures without a row are 0."""
    row = connection.execute(
        _SQL["totals"], {"from_at": period.from_at, "to_at": period.to_at}
    ).fetchone()
    found = row[0] if row else {}
    return {measure: int(n or 0) for measure, n in found.items()}
