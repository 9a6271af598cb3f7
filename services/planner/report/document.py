"""A report together with its words and its publication: what each format is written from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.planner.report.content import Address, Cell, Column, Line, Report, Table, unit_of
from services.planner.report.revision import Publication, Restated
from services.planner.report.words import Words
from services.planner.wording import number, percent, span


@dataclass(frozen=True)
class Document:
    """The report in one language."""

    report: Report
    words: Words
    publication: Publication | None
    """The latest of its period, this one when it has just been published."""
    restated: tuple[Restated, ...]
    """What differs from it."""
    colours: Mapping[str, str]

    @property
    def stem(self) -> str:
        """What its files are called, before the dot: never the same inside and outside."""
        suffix = "-internal" if self.report.cover.internal else ""
        return f"passage-{self.report.cover.name}-{self.words.language}{suffix}"

    def text(self, line: Line, column: Column, cell: Cell) -> str:
        """A cell as it is printed."""
        return self.words.cell(cell, unit_of(line, column), estimated=column.estimated)

    def notes(self, table: Table) -> list[str]:
        """The remarks under a table."""
        say = self.words.say
        thresholds = " ; ".join(
            f"{value_s // 60} min, {source}" for value_s, source in self.report.thresholds.items()
        )
        comparable = number(self.report.cover.comparable_days, self.words.language)
        return [
            say("note", key, thresholds=thresholds, comparable=comparable)
            for key in table.notes
            if key != "thresholds" or thresholds
        ]

    def by_address(self) -> Mapping[Address, Restated]:
        """The restated cells by where they stand."""
        return {one.address: one for one in self.restated}

    def causes(self, one: Restated) -> str:
        """Why a cell changed."""
        return ", ".join(self.words.say("cause", cause) for cause in one.causes)

    def where(self, one: Restated) -> tuple[str, str, str]:
        """Table, line and column of a restated cell, in words; keys for what is no more."""
        words = self.words
        try:
            return (
                words.say("table", one.address.table),
                words.label(one.line.key),
                words.column(one.column),
            )
        except KeyError:
            return one.address.table, one.address.line, one.address.column


def cover_lines(document: Document) -> list[tuple[str, str]]:
    """What the cover says before any figure: a name and a sentence each."""
    cover, words = document.report.cover, document.words
    say, language = words.say, words.language
    coverage = say("mark", "missing")
    if cover.coverage is not None:
        coverage = percent(cover.coverage, language, decimals=1)
    status = "final" if cover.is_final else "provisional" if cover.is_over else "running"
    return [
        (say("report", "period"), f"{words.period(cover.period)} ({span(cover.period, language)})"),
        (
            say("report", "days"),
            say(
                "report",
                "days_says",
                open=number(cover.open_days, language),
                seen=number(cover.seen_days, language),
            ),
        ),
        (say("report", "coverage"), f"{coverage} ({say('report', 'coverage_says')})"),
        (say("report", "status"), say("report", status)),
        (say("report", "extracted"), words.moment(cover.extracted_at)),
        (say("report", "revision"), _revision(document)),
    ]


def _revision(document: Document) -> str:
    say, publication = document.words.say, document.publication
    if publication is None:
        return say("report", "not_published")
    on = document.words.moment(publication.published_at)
    text = f"{publication.revision}, {say('report', 'published_on')} {on}"
    if document.restated:
        changed = number(len(document.restated), document.words.language)
        text += f" ; {changed} {say('report', 'changed_since')}"
    return text


def closures(document: Document) -> list[str]:
    """The closed days of the period, and where."""
    table = document.report.cover.closures
    return [
        "{} – {} ({})".format(
            *(
                document.text(line, column, cell)
                for column, cell in zip(table.columns, line.cells, strict=True)
            )
        )
        for line in table.lines
    ]


def restated_texts(document: Document, one: Restated) -> tuple[str, ...]:
    """Table, line, column, as published, as known now, and why."""

    def text(cell: Cell | None) -> str:
        if cell is None:
            return "–"
        unit = unit_of(one.line, one.column)
        return document.words.cell(cell, unit, estimated=one.column.estimated)

    return (*document.where(one), text(one.published), text(one.known), document.causes(one))


def restated_by_table(document: Document) -> list[tuple[str, list[tuple[str, ...]]]]:
    """What was restated, by the title of its table: line, column, published, known, why.

    Without what is only worked out from other figures, and what is printed the same.
    """
    found: dict[str, list[tuple[str, ...]]] = {}
    for one in document.restated:
        table, *texts = restated_texts(document, one)
        is_derived = one.column.is_derived or unit_of(one.line, one.column) == "rate"
        if not is_derived and texts[2] != texts[3]:
            found.setdefault(table, []).append(tuple(texts))
    return list(found.items())


def definitions(document: Document) -> list[tuple[str, str]]:
    """The four kinds of cell, then what each column counts, each once."""
    words = document.words
    found = {"0": words.say("report", "legend_zero")}
    for mark in ("not_applicable", "suppressed", "missing"):
        found[words.say("mark", mark)] = words.say("report", f"legend_{mark}")
    for table in document.report.tables():
        for column in table.columns:
            if column.key.partition(":")[0] not in (
                "directorate",
                "to",
                "channel",
                "weekday",
                "value",
            ):
                found.setdefault(words.column(column), words.definition(column))
    return list(found.items())
