"""`passage report`: the report that the committee reads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import click
import psycopg

from dashboards.catalogue import LANGUAGES, Language
from dashboards.palette import directorate_colours
from services.planner import asking
from services.planner.period import Period, label_of, named
from services.planner.question import BadQuestion
from services.planner.reference import read_reference
from services.planner.report.assemble import assemble
from services.planner.report.content import Absent, Report, Span
from services.planner.report.document import Document, cover_lines
from services.planner.report.elsewhere_file import BadFile, parse
from services.planner.report.facts import Facts
from services.planner.report.files import FORMATS, Format, contents, write
from services.planner.report.pdf import CannotDraw
from services.planner.report.published import changes_since, publish, published
from services.planner.report.read import read_facts
from services.planner.report.reprint import as_published
from services.planner.report.revision import Publication, Restated, restated
from services.planner.report.revisions import list_revisions, reprinted
from services.planner.report.sections.elsewhere import HandedIn
from services.planner.report.spans import Spans, grain_of, spans_of
from services.planner.report.words import Words
from services.runtime.database import DatabaseAddress, DatabaseUrl, connect
from services.runtime.settings import Settings, with_local_stack


class PublishSettings(Settings):
    """Who may freeze figures."""

    database_writer: DatabaseAddress


class FormatsType(click.ParamType):
    """`pdf,xlsx,csv`."""

    name = "formats"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Format, ...]:
        """The formats, each once."""
        if isinstance(value, tuple):
            return value
        wanted = [one.strip() for one in str(value).split(",") if one.strip()]
        for one in wanted:
            if one not in FORMATS:
                self.fail(f"{one!r} is none of {', '.join(FORMATS)}", param, ctx)
        return tuple(cast(Format, one) for one in dict.fromkeys(wanted))


@click.command()
@click.option("--period", "name", help="2025-S2, 2025, 2025-T3, 2025-10, 2025-W43.")
@click.option("--lang", type=click.Choice(LANGUAGES), default="fr", show_default=True)
@click.option(
    "--format",
    "formats",
    type=FormatsType(),
    default=",".join(FORMATS),
    show_default=True,
    help="One or several, with commas between them.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder. Default: ./report-PERIOD-LANG.",
)
@click.option(
    "--elsewhere",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV of figures from elsewhere: indicator, scope, value, as_of, source.",
)
@click.option("--internal", is_flag=True, help="Show counts under 5: not for the public.")
@click.option("--publish", "to_publish", is_flag=True, help="Freeze the figures as a revision.")
@click.option(
    "--revision", type=click.IntRange(min=1), help="Write a published revision as it was published."
)
@click.option("--revisions", is_flag=True, help="List what was published; write nothing.")
@click.option("--dry-run", is_flag=True, help="Say what would be in it; write nothing.")
def report(
    name: str | None,
    lang: str,
    formats: tuple[Format, ...],
    output: Path | None,
    elsewhere: Path | None,
    internal: bool,
    to_publish: bool,
    revision: int | None,
    revisions: bool,
    dry_run: bool,
) -> None:
    """Write the report of a period: visitor flow by directorate, as PDF, XLSX and CSV.

    \b
    passage report --period 2025-S2
    passage report --period 2025-S2 --elsewhere figures.csv --publish
    passage report --period 2025-S2 --dry-run
    passage report --revisions
    passage report --period 2025-S2 --revision 1

    Counts of 1 to 4 are hidden, and what would give them away, unless --internal. --publish freezes
    the figures as the next revision, if they are not those of the latest; a report of a period that
    was published shows what differs from the latest revision, and why. --revision has the figures
    of that revision and no others, whatever became known since. What each figure is:
    docs/report.md. Reads PASSAGE_DATABASE_READER; --publish needs PASSAGE_DATABASE_WRITER.

    Exit codes: 0 written, 1 no database or a failed file, 2 a wrong question or a wrong CSV.
    """
    if revisions:
        list_revisions(name)
        return
    if name is None:
        raise click.UsageError(
            "--period says of which period; --revisions lists what was published"
        )
    if internal and to_publish:
        raise click.UsageError("--publish freezes what everybody may see; leave --internal out")
    if revision and (internal or to_publish or elsewhere):
        raise click.UsageError(
            "--revision has what was published and nothing else; leave --internal, --publish and"
            " --elsewhere out"
        )
    if not formats:
        raise click.UsageError("--format names no format")
    language = cast(Language, lang)
    now = datetime.now(UTC)
    with asking.with_remedy():
        handed_in = _handed_in(elsewhere)
        asked = asking.settings()
        period = named(name, asked.time_zone)
        name = label_of(period.first, grain_of(period))
        with asking.reader(asked, "passage report") as connection:
            spans = _spans(period, now, asked.time_zone)
            facts = read_facts(connection, spans, now)
            _check(facts, period)
            made = assemble(facts, name, period, internal=internal, handed_in=handed_in)
            if to_publish and not made.cover.is_over:
                raise BadQuestion(
                    f"{name} is not over; publish it after {period.last}, or leave --publish out"
                )
            publication = published(connection, name, revision)
            if revision:
                made = reprinted(connection, made, publication, revision)
            differing = () if revision else _restated(connection, made, publication, spans)
            codes = list(read_reference(connection).directorates)
        document = Document(
            made,
            Words(language, made.names, asked.time_zone),
            publication,
            differing,
            directorate_colours(codes),
        )
        if dry_run:
            _describe(document)
            return
        suffix = f"-revision-{revision}" if revision else ""
        folder = output or Path(f"report-{name}-{lang}{suffix}")
        try:
            files = _published(document, formats) if to_publish else contents(document, formats)
            write(folder, files)
        except CannotDraw as error:
            raise click.ClickException(str(error)) from None
        except OSError as error:
            raise click.ClickException(f"cannot write to {folder}: {error.strerror}") from None
        for file in files:
            click.echo(folder / file)


def _spans(period: Period, now: datetime, time_zone: str) -> Spans:
    today = asking.today(time_zone)
    if period.first >= today:
        when = "lies in the future" if period.first > today else "has only begun"
        raise BadQuestion(
            f"{period} {when}: no day of it is over; ask for an earlier period,"
            " or `passage forecast` for what is to be expected"
        )
    return spans_of(period, today)


def _check(facts: Facts, period: Period) -> None:
    if not any(facts.seen_days["now"].values()) and not any(
        row.passages for row in facts.counted["now"]
    ):
        raise BadQuestion(
            f"nothing is recorded of {period}: no device was heard and nobody was counted;"
            " ask for another period (`passage history --by month` shows what there is)"
        )


def _handed_in(file: Path | None) -> tuple[HandedIn, ...]:
    if file is None:
        return ()
    try:
        return parse(file.read_bytes())
    except BadFile as error:
        raise click.UsageError(f"{file}: {error}") from None
    except OSError as error:
        raise click.ClickException(f"cannot read {file}: {error.strerror}") from None


def _restated(
    connection: psycopg.Connection[object],
    made: Report,
    publication: Publication | None,
    spans: Spans,
) -> tuple[Restated, ...]:
    # An internal report has figures that were never published, which is no restatement.
    if publication is None or made.cover.internal:
        return ()
    of: Mapping[Span, Period | None] = {
        "now": spans.now,
        "previous": spans.previous,
        "last_year": spans.last_year,
    }
    return restated(made, publication, changes_since(connection, publication, of), of)


def _published(document: Document, formats: tuple[Format, ...]) -> Mapping[str, bytes]:
    """Freeze the figures, unless their files cannot be made."""
    url = PublishSettings.from_environ(with_local_stack(os.environ)).database_writer
    address = DatabaseUrl.parse(url, "PASSAGE_DATABASE_WRITER")
    cover = document.report.cover
    with connect(address, "passage report", autocommit=True) as writer, writer.transaction():
        publication, is_new = publish(writer, document.report, datetime.now(UTC))
        # From the frozen figures: so the files are the same whenever they are written again.
        report = as_published(document.report, publication)
        frozen = replace(document, report=report, publication=publication, restated=())
        files = contents(frozen, formats)
    click.echo(
        f"Published {cover.name} as revision {publication.revision}."
        if is_new
        else f"Nothing changed: revision {publication.revision} of {cover.name} stands."
    )
    if is_new and not cover.is_final:
        click.echo("Some of its hours are provisional: a later report may differ.", err=True)
    return files


def _describe(document: Document) -> None:
    for name, text in cover_lines(document):
        click.echo(f"{name}: {text}")
    for table in document.report.tables():
        cells = [cell for line in table.lines for cell in line.cells]
        marks = {mark: sum(cell is mark for cell in cells) for mark in Absent}
        click.echo(
            f"{document.words.say('table', table.key)}: {len(table.lines)} × {len(table.columns)}"
            + "".join(
                f", {n} {document.words.say('mark', mark.value)}" for mark, n in marks.items() if n
            )
        )
