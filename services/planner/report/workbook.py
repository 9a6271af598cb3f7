"""The report as XLSX: a sheet for each table, figures as numbers, marks as text."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

from services.planner.report.content import Absent, Cell, Column, Line, Table, Unit, unit_of
from services.planner.report.document import Document, cover_lines, definitions, restated_texts

_FORMATS: dict[Unit, str] = {
    "count": "#,##0",
    "rate": "#,##0.0",
    "percent": "0.0%",
    "change": "+0.0%;-0.0%;0.0%",
    "minutes": "#,##0.0",
    "hours": "#,##0",
}
_HEADING_ROW = 2


def write_xlsx(document: Document) -> bytes:
    """The cover, the tables, what was restated, and the definitions."""
    import xlsxwriter

    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        book.set_properties({"title": document.words.say("report", "title")})
        _Book(book, document).write()
    return stream.getvalue()


class _Book:
    def __init__(self, book: Any, document: Document) -> None:
        self.book = book
        self.document = document
        self.words = document.words
        self.bold = book.add_format({"bold": True})
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.heading = book.add_format(
            {"bold": True, "text_wrap": True, "bottom": 1, "valign": "top"}
        )
        self.mark = book.add_format({"align": "right", "italic": True, "font_color": "#5b6270"})
        self.note = book.add_format({"italic": True, "font_color": "#5b6270"})
        self.formats: dict[tuple[str, bool], Any] = {}

    def write(self) -> None:
        self._cover()
        report = self.document.report
        self._sheet("0 ", [report.cover.summary])
        self._sheet("0 ", [report.cover.sites])
        self._sheet("0 ", [report.cover.closures])
        for number, section in enumerate(report.sections, start=1):
            for table in section.tables:
                self._sheet(f"{number} ", [table])
        if self.document.restated:
            self._restated()
        self._definitions()

    def _cover(self) -> None:
        sheet = self.book.add_worksheet(self.words.say("report", "contents"))
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 1, 90)
        sheet.write_string(0, 0, self.words.say("report", "title"), self.title)
        for row, (name, text) in enumerate(cover_lines(self.document), start=2):
            sheet.write_string(row, 0, name, self.bold)
            sheet.write_string(row, 1, text)

    def _sheet(self, prefix: str, tables: list[Table]) -> None:
        for table in tables:
            title = self.words.say("table", table.key)
            # Excel allows 31 characters, and none of these.
            name = "".join(one for one in prefix + title if one not in "[]:*?/\\'’")[:31]
            sheet = self.book.add_worksheet(name)
            sheet.write_string(0, 0, title, self.title)
            sheet.set_column(0, 0, 52)
            sheet.set_column(1, len(table.columns), 17)
            sheet.freeze_panes(_HEADING_ROW + 1, 1)
            for place, column in enumerate(table.columns, start=1):
                sheet.write_string(_HEADING_ROW, place, self.words.column(column), self.heading)
            row = _HEADING_ROW
            for row, line in enumerate(table.lines, start=_HEADING_ROW + 1):
                is_bold = line.level != "item"
                label = self.words.line(line)
                indent = self.book.add_format({"indent": 0 if is_bold else 1, "bold": is_bold})
                sheet.write_string(row, 0, label, indent)
                for place, (column, cell) in enumerate(
                    zip(table.columns, line.cells, strict=True), start=1
                ):
                    self._cell(sheet, row, place, line, column, cell)
            for offset, note in enumerate(self.document.notes(table), start=2):
                sheet.write_string(row + offset, 0, note, self.note)

    def _cell(
        self, sheet: Any, row: int, place: int, line: Line, column: Column, cell: Cell
    ) -> None:
        unit = unit_of(line, column)
        if isinstance(cell, Absent):
            sheet.write_string(row, place, self.words.cell(cell, unit), self.mark)
        elif isinstance(cell, datetime | str):
            sheet.write_string(row, place, self.words.cell(cell, unit))
        elif isinstance(cell, date):
            pattern = "dd/mm/yyyy" if self.words.language == "fr" else "yyyy-mm-dd"
            sheet.write_datetime(row, place, cell, self._format(pattern, line))
        else:
            pattern = _FORMATS.get(unit, "#,##0")
            if column.estimated:
                pattern = f'"≈ "{pattern}'
            sheet.write_number(row, place, cell, self._format(pattern, line))

    def _format(self, pattern: str, line: Line) -> Any:
        key = (pattern, line.level != "item")
        if key not in self.formats:
            self.formats[key] = self.book.add_format({"num_format": pattern, "bold": key[1]})
        return self.formats[key]

    def _restated(self) -> None:
        say = self.words.say
        sheet = self.book.add_worksheet(f"9 {say('table', 'revised')}"[:31])
        sheet.set_column(0, 2, 36)
        sheet.set_column(3, 5, 20)
        headings = ("figure", "figure", "figure", "published", "known", "cause")
        for place, key in enumerate(headings):
            sheet.write_string(0, place, say("column", key), self.heading)
        for row, one in enumerate(self.document.restated, start=1):
            for place, text in enumerate(restated_texts(self.document, one)):
                sheet.write_string(row, place, text)

    def _definitions(self) -> None:
        sheet = self.book.add_worksheet(self.words.say("report", "definitions"))
        sheet.set_column(0, 0, 36)
        sheet.set_column(1, 1, 120)
        for row, (name, text) in enumerate(definitions(self.document)):
            sheet.write_string(row, 0, name, self.bold)
            sheet.write_string(row, 1, text)
