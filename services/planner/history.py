"""The hourly flow and what is known of each hour, read through the views as the reader role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import class_row

from schemas.queries import load_queries
from services.core.calendar import MIDNIGHT, instant

SQL = load_queries("services.planner")


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

    def __str__(self) -> str:
        if self.first == self.last:
            return self.first.isoformat()
        return f"{self.first} to {self.last}"


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


@dataclass(frozen=True, slots=True)
class HourStatus:
    """How far the figures of an open hour can be trusted."""

    hour_start: datetime
    local_label: str
    covered_minutes: int
    """Device-minutes that the devices vouch for."""
    open_minutes: int
    """Device-minutes in which they should have been able to record."""
    is_final: bool
    """True when every device has reported past the hour."""

    @property
    def is_unknown(self) -> bool:
        """True when nothing was heard: the figures are not zero, nobody knows them."""
        return self.covered_minutes == 0

    @property
    def coverage(self) -> float:
        """Covered over open device-minutes, 0 to 1."""
        return self.covered_minutes / self.open_minutes


def hourly_flow(
    connection: psycopg.Connection[Any],
    period: Period,
    *,
    site: str | None = None,
    directorate: str | None = None,
) -> Sequence[HourlyFlow]:
    """Hours with at least one passage, in order; `hour_status` says what the others mean."""
    with connection.cursor(row_factory=class_row(HourlyFlow)) as cursor:
        cursor.execute(SQL["hourly_flow"], _of(period) | {"site": site, "directorate": directorate})
        return cursor.fetchall()


def hour_status(
    connection: psycopg.Connection[Any], period: Period, *, site: str | None = None
) -> Sequence[HourStatus]:
    """What is known of every hour in which a site was open, in order."""
    with connection.cursor(row_factory=class_row(HourStatus)) as cursor:
        cursor.execute(SQL["hour_status"], _of(period) | {"site": site})
        return cursor.fetchall()


def totals(connection: psycopg.Connection[Any], period: Period) -> dict[str, int]:
    """Sum of every measure over the period; measures without a row are 0."""
    row = connection.execute(SQL["totals"], _of(period)).fetchone()
    found = row[0] if row else {}
    return {measure: int(n or 0) for measure, n in found.items()}


def _of(period: Period) -> dict[str, Any]:
    return {"from_at": period.from_at, "to_at": period.to_at}
