"""When an answer cannot have changed: the ETag of a question about a period that is final.

A final figure changes only with a restatement, which is logged; and names and opening hours change
with a registry. So question, newest restatement and registry name the answer without reading it.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from schemas.queries import load_queries
from services.planner.question import Question
from services.planner.web.asked import Connection

SQL = load_queries("services.planner.web", "etag.sql")


def etag_of(connection: Connection, question: Question, form: str) -> str | None:
    """The ETag of an answer in a form, or None while its figures may still change."""
    period = question.period
    if period.to_at > datetime.now(UTC):
        return None
    span = {
        "from_at": period.from_at,
        "to_at": period.to_at,
        "sites": list(question.sites) if question.sites is not None else None,
    }
    row = connection.execute(SQL["version"], span).fetchone()
    if row is None or not row[0]:
        return None
    digest = hashlib.sha256(repr((question, form, row)).encode()).hexdigest()
    return f'"{digest[:32]}"'
