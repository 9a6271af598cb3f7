"""Every measure summed over a period: what the demo holds against the truth."""

from __future__ import annotations

from typing import Any

import psycopg

from schemas.queries import load_queries
from services.planner.period import Period

SQL = load_queries("services.planner")


def totals(connection: psycopg.Connection[Any], period: Period) -> dict[str, int]:
    """Sum of every measure over the period; measures without a row are 0."""
    span = {"from_at": period.from_at, "to_at": period.to_at}
    row = connection.execute(SQL["totals"], span).fetchone()
    found = row[0] if row else {}
    return {measure: int(n or 0) for measure, n in found.items()}
