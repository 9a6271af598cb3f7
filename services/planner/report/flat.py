"""The report as CSV, a line for each cell, and the dictionary that explains it.

In French as French spreadsheets read it: semicolons, decimal commas, days as JJ/MM/AAAA. Else
commas, points and ISO 8601. UTF-8 with a byte order mark, which spreadsheets need to see it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date, datetime

from dashboards.catalogue import Language
from services.planner.report.content import Absent, Cell, unit_of
from services.planner.report.document import Document
from services.planner.report.revision import FIGURE
from services.planner.wording import day

COLUMNS = (
    "table",
    "line",
    "column",
    "table_label",
    "line_label",
    "column_label",
    "unit",
    "state",
    "value",
    "as_published_state",
    "as_published",
    "cause",
)
_SAYS: dict[str, dict[Language, str]] = {
    "table": {"fr": "Code du tableau.", "en": "Code of the table."},
    "line": {"fr": "Code de la ligne.", "en": "Code of the line."},
    "column": {"fr": "Code de la colonne.", "en": "Code of the column."},
    "table_label": {"fr": "Titre du tableau.", "en": "Title of the table."},
    "line_label": {"fr": "Intitulé de la ligne.", "en": "Heading of the line."},
    "column_label": {"fr": "Intitulé de la colonne.", "en": "Heading of the column."},
    "unit": {
        "fr": "count, rate, minutes, hours : nombre ; percent, change : part de 1 ; day, hour :"
        " date ; text : texte.",
        "en": "count, rate, minutes, hours: a number; percent, change: a share of 1; day, hour:"
        " a date; text: text.",
    },
    "state": {
        "fr": "figure : il y a une valeur ; not_applicable : sans objet ; suppressed : secret"
        " statistique ; missing : non disponible. Aucun n’est zéro.",
        "en": "figure: there is a value; not_applicable; suppressed: a small count, or one that"
        " would give it away; missing: nobody knows. None is zero.",
    },
    "value": {"fr": "La valeur ; vide sauf pour figure.", "en": "Empty unless state is figure."},
    "as_published_state": {
        "fr": "L’état dans la dernière publication ; vide si jamais publié.",
        "en": "The state in the latest publication; empty when never published.",
    },
    "as_published": {"fr": "La valeur publiée.", "en": "The value as published."},
    "cause": {
        "fr": "Pourquoi la valeur n’est plus celle qui a été publiée.",
        "en": "Why the value is not the published one any more.",
    },
}


def write_csv(document: Document) -> bytes:
    """Every cell, in the order of the report."""
    return _written([COLUMNS, *_lines(document)], document.words.language)


def write_dictionary(document: Document) -> bytes:
    """What each column of the CSV holds, then each column of each table: unit, source, meaning."""
    words = document.words
    rows: list[tuple[str, ...]] = [("table", "column", "label", "unit", "source", "definition")]
    rows += [("", name, "", "text", "", _SAYS[name][words.language]) for name in COLUMNS]
    for table in document.report.tables():
        for column in table.columns:
            rows.append(
                (
                    table.key,
                    column.key,
                    words.column(column),
                    column.unit,
                    words.source(table.key),
                    words.definition(column),
                )
            )
    return _written(rows, words.language)


def _lines(document: Document) -> Iterator[tuple[str, ...]]:
    words, language = document.words, document.words.language
    restated = document.by_address()
    published = document.publication.figures if document.publication else {}
    for address, line, column, cell in document.report.cells():
        was = published.get(address)
        unit = unit_of(line, column)
        state = cell.value if isinstance(cell, Absent) else FIGURE
        yield (
            *address,
            words.say("table", address.table),
            words.line(line),
            words.column(column),
            unit,
            state,
            _plain(cell, language),
            was.state if was else "",
            _plain(was.thawed(), language) if was else "",
            document.causes(restated[address]) if address in restated else "",
        )


def _plain(cell: Cell, language: Language) -> str:
    if isinstance(cell, Absent):
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, date):
        return day(cell, language)
    if isinstance(cell, float):
        text = f"{round(cell, 6)}"
        return text.replace(".", ",") if language == "fr" else text
    return f"{cell}"


def _written(rows: Iterable[Iterable[str]], language: Language) -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=";" if language == "fr" else ",").writerows(rows)
    return stream.getvalue().encode("utf-8-sig")
