"""A file as a header and rows, read as it goes: no file is held in memory."""

from __future__ import annotations

import csv
import io
import re
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

from services.importer.cells import label_of, text_of
from services.importer.content import beginning, encoding_of, kind_of, likely_delimiter
from services.importer.content import likely_encoding as _likely
from services.importer.errors import ImportRefused
from services.importer.mapping import FileLayout

_REPORT_EVERY = 2_000
_UNREADABLE = (
    "{path} is no workbook that can be read; open it and save it as .xlsx again, or as CSV"
)
_SHOWN = {"\t": "\\t"}


class Line(NamedTuple):
    """The cells of a line with its number in the file, from 1; for XLSX, the row of the sheet."""

    number: int
    cells: Sequence[Any]


@dataclass(frozen=True)
class Header:
    """The names of the columns; one that comes again has its number: `Heure (2)`."""

    path: Path
    names: tuple[str, ...]

    @classmethod
    def of(cls, path: Path, rows: Sequence[Sequence[Any]]) -> Header:
        """Of one or more header rows; a merged cell counts for all columns below it."""
        width = max((len(row) for row in rows), default=0)
        parts: list[list[str]] = [[] for _ in range(width)]
        for depth, row in enumerate(rows):
            above = ""
            for i in range(width):
                text = text_of(row[i]) if i < len(row) else ""
                # Only upper rows are merged across.
                above = text or (above if depth < len(rows) - 1 else "")
                if above:
                    parts[i].append(above)
        seen: Counter[str] = Counter()
        names = []
        for part in parts:
            name = " ".join(part)
            seen[label_of(name)] += 1
            again = seen[label_of(name)]
            names.append(f"{name} ({again})" if name and again > 1 else name)
        return cls(path, tuple(names))

    def index(self, name: str) -> int:
        """Where a column is, in any case. Raises ImportRefused with the nearest name, or all."""
        wanted = label_of(name)
        labels = [label_of(one) for one in self.names]
        if wanted in labels:
            if f"{wanted} (2)" in labels:
                raise ImportRefused(
                    f"{self.path} has the column {name!r} more than once; the mapping cannot mean"
                    f" both: rename one in the file, or name the second one '{name} (2)' and give"
                    " the first one another name"
                )
            return labels.index(wanted)
        known = [one for one in self.names if one]
        near = get_close_matches(wanted, labels, n=1, cutoff=0.6)
        remedy = (
            f"did you mean {self.names[labels.index(near[0])]!r}?"
            if near and near[0]
            else f"it has {', '.join(map(repr, known[:20])) or 'no name in its header'}"
        )
        raise ImportRefused(f"{self.path} has no column {name!r}; {remedy}")


@dataclass
class Rows:
    """The rows of a file below its header, without empty lines and totals, which are counted."""

    path: Path
    header: Header
    lines: Iterator[Line]
    total_rows: Sequence[str]
    empty: int = 0
    totals: int = 0

    def __iter__(self) -> Iterator[Line]:
        total = re.compile("|".join(f"(?:{one})" for one in self.total_rows) or "(?!)", re.I)
        for line in self.lines:
            first = next((text for cell in line.cells if (text := text_of(cell))), "")
            if not first:
                self.empty += 1
            elif total.match(first):
                self.totals += 1
            else:
                yield line


@contextmanager
def open_rows(
    path: Path, layout: FileLayout, progress: Callable[[int], None] = lambda _: None
) -> Iterator[Rows]:
    """The rows of a file; `progress` is told how many of its bytes were read, roughly.

    Raises ImportRefused, while reading too, when the file is not as the layout says.
    """
    head = beginning(path)
    if kind_of(path, head) == "xlsx":
        with _workbook_lines(path, layout, progress) as lines:
            yield _rows(path, layout, lines)
        return
    encoding = encoding_of(path, head, layout.encoding)
    with path.open("rb") as raw:
        text = io.TextIOWrapper(raw, encoding=encoding, newline="")
        lines = _counted(_csv_lines(path, layout, text, encoding, head), raw.tell, progress)
        rows = _rows(path, layout, lines)
        if len(rows.header.names) == 1:
            _refuse_delimiter(path, layout, head.decode(encoding, errors="replace"))
        yield rows


def _rows(path: Path, layout: FileLayout, lines: Iterator[Line]) -> Rows:
    head: list[Sequence[Any]] = []
    skipped = 0
    for line in lines:
        if skipped < layout.skip_rows:
            skipped += 1
            continue
        if not head and not any(text_of(cell) for cell in line.cells):
            continue
        head.append(line.cells)
        if len(head) == layout.header_rows:
            return Rows(path, Header.of(path, head), lines, layout.total_rows)
    raise ImportRefused(
        f"{path} ends before its header; correct skip_rows and header_rows in the mapping"
    )


def _csv_lines(
    path: Path, layout: FileLayout, text: io.TextIOWrapper, encoding: str, head: bytes
) -> Iterator[Line]:
    reader = csv.reader(text, delimiter=layout.delimiter, quotechar=layout.quote, strict=True)
    number = 1
    try:
        for cells in reader:
            # A spreadsheet's own hint in front of the header.
            if not (number == 1 and len(cells) <= 2 and cells and cells[0].startswith("sep=")):
                yield Line(number, cells)
            number = reader.line_num + 1
    except UnicodeDecodeError as error:
        byte = error.object[error.start : error.start + 1]
        likely = _likely(head)
        other = likely if likely != encoding else "cp1252"
        where = _undecodable(path, encoding) or f"after line {reader.line_num}"
        raise ImportRefused(
            f"{path}, {where}: byte 0x{byte.hex()} is not {encoding}; the file"
            f" looks like {other}: say `encoding: {other}` in the mapping, or save it as UTF-8"
        ) from None
    except csv.Error as error:
        raise ImportRefused(
            f"{path}, line {number}: {error}; correct the quotes there, or `quote` and `delimiter`"
            " in the mapping"
        ) from None


def _undecodable(path: Path, encoding: str) -> str | None:
    """The line that is not in the encoding: text is decoded in blocks, far ahead of the rows."""
    with path.open("rb") as raw:
        for number, line in enumerate(raw, 1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                return f"line {number}"
    return None


def _counted(
    lines: Iterable[Line], position: Callable[[], int], progress: Callable[[int], None]
) -> Iterator[Line]:
    for i, line in enumerate(lines):
        yield line
        if i % _REPORT_EVERY == 0:
            progress(position())


def _refuse_delimiter(path: Path, layout: FileLayout, text: str) -> None:
    likely = likely_delimiter(text)
    if likely != layout.delimiter and likely in text:
        shown = _SHOWN.get(likely, likely)
        raise ImportRefused(
            f"{path} has a single column when cut at {layout.delimiter!r}; it looks cut at"
            f' {likely!r}: say `delimiter: "{shown}"` in the mapping'
        )


@contextmanager
def _workbook_lines(
    path: Path, layout: FileLayout, progress: Callable[[int], None]
) -> Iterator[Iterator[Line]]:
    from openpyxl import load_workbook  # slow to import, and CSV needs none of it
    from openpyxl.utils.exceptions import InvalidFileException

    # A damaged file shows when it is opened, or far into its rows.
    damaged = (
        *(InvalidFileException, BadZipFile, zlib.error, ParseError),
        *(KeyError, ValueError, OSError, EOFError, NotImplementedError),
    )

    def readable(rows: Iterable[Sequence[Any]]) -> Iterator[Line]:
        try:
            for number, cells in enumerate(rows, 1):
                yield Line(number, cells)
        except damaged:
            raise ImportRefused(_UNREADABLE.format(path=path)) from None

    with path.open("rb") as raw, warnings.catch_warnings():
        # It warns of styles and extensions, which are no figures.
        warnings.simplefilter("ignore")
        try:
            book = load_workbook(raw, read_only=True, data_only=True)
        except damaged:
            raise ImportRefused(_UNREADABLE.format(path=path)) from None
        try:
            sheet = _sheet(path, book, layout.sheet)
            # What the file says of its size may be wrong.
            sheet.reset_dimensions()
            rows = sheet.iter_rows(values_only=True)
            yield _counted(readable(rows), raw.tell, progress)
        finally:
            book.close()


def _sheet(path: Path, book: Any, name: str | None) -> Any:
    sheets = {sheet.title: sheet for sheet in book.worksheets if sheet.sheet_state == "visible"}
    if name is None and len(sheets) == 1:
        return next(iter(sheets.values()))
    names = ", ".join(map(repr, sheets)) or "none"
    if name is None:
        raise ImportRefused(
            f"{path} has the sheets {names}; say `sheet:` in the mapping, under `file`"
        )
    for title, sheet in sheets.items():
        if label_of(title) == label_of(name):
            return sheet
    raise ImportRefused(f"{path} has no sheet {name!r}; it has {names}")
