"""Publications in the database: read as the reader, added as the writer, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

from services.planner.period import Period
from services.planner.report.content import Address, Report, Span
from services.planner.report.read import SQL
from services.planner.report.revision import Change, Frozen, Publication, digest, frozen

Connection = psycopg.Connection[Any]


class Listed(NamedTuple):
    """A publication without its figures."""

    period: str
    revision: int
    published_at: datetime
    extracted_at: datetime
    is_final: bool
    figures: int
    """How many there are."""


def publications(connection: Connection, period: str | None) -> list[Listed]:
    """What was published of a period, or of all of them, in order."""
    return [Listed(*row) for row in connection.execute(SQL["publications"], {"period": period})]


def published(
    connection: Connection, period: str, revision: int | None = None
) -> Publication | None:
    """A revision of a period, the latest when none is named; None when there is no such."""
    asked = {"period": period, "revision": revision}
    row = connection.execute(SQL["publication"], asked).fetchone()
    if row is None:
        return None
    found = connection.execute(SQL["published_figures"], {"report_id": row[0]})
    figures = {
        Address(table, line, column): Frozen(unit, state, value)
        for table, line, column, unit, state, value in found
    }
    report_id, revision, published_at, extracted_at, is_final, kept = row
    return Publication(report_id, revision, published_at, extracted_at, is_final, kept, figures)


def changes_since(
    connection: Connection, publication: Publication, spans: Mapping[Span, Period | None]
) -> list[Change]:
    """Restatements of all spans that were recorded after the publication's figures were read."""
    return [
        Change(*row)
        for span in spans.values()
        if span is not None
        for row in connection.execute(
            SQL["restatements"],
            {
                "after": publication.extracted_at,
                "from_at": span.from_at,
                "to_at": span.to_at,
            },
        )
    ]


def publish(writer: Connection, report: Report, published_at: datetime) -> tuple[Publication, bool]:
    """Freeze the report's figures; the publication, and whether it is a new one.

    The revision after the latest, unless its figures are the same: then that one stands. In a
    transaction of its own; two at the same time come one after the other.
    """
    figures = frozen(report)
    kept = digest(figures)
    with writer.transaction():
        writer.execute(SQL["lock_publications"])
        last = published(writer, report.cover.name)
        if last is not None and last.digest == kept:
            return last, False
        revision = last.revision + 1 if last else 1
        added = {
            "period": report.cover.name,
            "revision": revision,
            "published_at": published_at,
            "extracted_at": report.cover.extracted_at,
            "is_final": report.cover.is_final,
            "digest": kept,
        }
        row = writer.execute(SQL["add_publication"], added).fetchone()
        if row is None:
            raise RuntimeError("the publication was not added")
        with writer.cursor() as cursor:
            cursor.executemany(
                SQL["add_figure"],
                [
                    {"report_id": row[0], **address._asdict(), **figure._asdict()}
                    for address, figure in figures.items()
                ],
            )
    publication = Publication(
        report_id=row[0],
        revision=revision,
        published_at=published_at,
        extracted_at=report.cover.extracted_at,
        is_final=report.cover.is_final,
        digest=kept,
        figures=figures,
    )
    return publication, True
