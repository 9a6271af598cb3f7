"""`passage report --revisions` and `--revision`: what was published, and one of it again."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import psycopg

from services.planner import asking
from services.planner.period import label_of, named
from services.planner.question import BadQuestion
from services.planner.report.content import Report
from services.planner.report.published import publications
from services.planner.report.reprint import as_published
from services.planner.report.revision import Publication
from services.planner.report.spans import grain_of


def list_revisions(name: str | None) -> None:
    """Print a line for each publication of a period, or of all."""
    with asking.with_remedy():
        asked = asking.settings()
        if name is not None:
            period = named(name, asked.time_zone)
            name = label_of(period.first, grain_of(period))
        with asking.reader(asked, "passage report") as connection:
            found = publications(connection, name)
    if not found:
        click.echo(f"Nothing was published{f' of {name}' if name else ''}.")
    for one in found:
        click.echo(
            f"{one.period} revision {one.revision}: published {_minute(one.published_at)}, figures"
            f" of {_minute(one.extracted_at)}, {one.figures} cells,"
            f" {'final' if one.is_final else 'provisional'}"
        )


def reprinted(
    connection: psycopg.Connection[object],
    made: Report,
    publication: Publication | None,
    revision: int,
) -> Report:
    """The report as the publication has it. Raises BadQuestion where there is none."""
    if publication is None:
        name = made.cover.name
        known = ", ".join(f"{one.revision}" for one in publications(connection, name))
        there_are = f"there are {known}" if known else "nothing was published of it"
        raise BadQuestion(f"{name} has no revision {revision}; {there_are}")
    return as_published(made, publication)


def _minute(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
