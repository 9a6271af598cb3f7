"""`passage import inspect`: what a file seems to be, and a mapping to begin with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from services.importer.cells import text_of
from services.importer.content import beginning, kind_of, likely_delimiter, likely_encoding
from services.importer.mapping import FileLayout
from services.importer.tables import Header, open_rows

_LOOKED_AT = 40
_FORMATS = (
    (re.compile(r"\d{2}/\d{2}/\d{4} \d{2}:\d{2}:\d{2}"), "%d/%m/%Y %H:%M:%S"),
    (re.compile(r"\d{2}/\d{2}/\d{4} \d{2}:\d{2}"), "%d/%m/%Y %H:%M"),
    (re.compile(r"\d{2}/\d{2}/\d{4}"), "%d/%m/%Y"),
    (re.compile(r"\d{2}\.\d{2}\.\d{4}"), "%d.%m.%Y"),
    (re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}"), "%Y-%m-%d %H:%M:%S"),
    (re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}"), "%Y-%m-%d %H:%M"),
    (re.compile(r"\d{4}-\d{2}-\d{2}"), "%Y-%m-%d"),
    (re.compile(r"\d{2}:\d{2}:\d{2}"), "%H:%M:%S"),
    (re.compile(r"\d{2}:\d{2}"), "%H:%M"),
)


def inspect(path: Path, header_rows: int | None, skip_rows: int, sheet: str | None) -> str:
    """What the file seems to be, its columns with examples, and a draft mapping in YAML.

    All but the draft are comments, so that the whole may be kept as the mapping. Raises
    ImportRefused for what is no table. Everything is a guess that a person must check.
    """
    head = beginning(path)
    kind = kind_of(path, head)
    layout = FileLayout(skip_rows=skip_rows, sheet=sheet)
    lines = [f"{path}: {kind.upper()}"]
    if kind == "csv":
        encoding = likely_encoding(head)
        delimiter = likely_delimiter(head.decode(encoding, errors="replace"))
        layout = layout.model_copy(update={"encoding": encoding, "delimiter": delimiter})
        shown = "tab" if delimiter == "\t" else repr(delimiter)
        lines.append(f"encoding {encoding}, cut at {shown}")
    guessed = header_rows or _header_rows(path, layout)
    layout = layout.model_copy(update={"header_rows": guessed})
    with open_rows(path, layout) as rows:
        header = rows.header
        sample = [line.cells for line in islice(rows, _LOOKED_AT)]
    lines.append(f"{guessed} header row{'s' if guessed > 1 else ''}, {len(header.names)} columns:")
    for i, name in enumerate(header.names):
        examples = list(dict.fromkeys(text_of(c[i]) for c in sample if i < len(c)))[:3]
        lines.append(f"  {name or '(no name)'}: {' | '.join(examples)}")
    comments = [f"# {line}" for line in lines]
    return "\n".join([*comments, "", *_draft(kind, layout, header, sample)]) + "\n"


def _header_rows(path: Path, layout: FileLayout) -> int:
    """The rows before the first one with a figure in it, at most three."""
    with open_rows(path, layout) as rows:
        for n, line in enumerate(islice(rows, 3), 1):
            if any(re.search(r"\d", text_of(cell)) for cell in line.cells):
                return n
    return 1


def _draft(
    kind: str, layout: FileLayout, header: Header, sample: Sequence[Sequence[Any]]
) -> list[str]:
    formats = [
        date_format
        for pattern, date_format in _FORMATS
        if any(
            isinstance(cell, str) and pattern.fullmatch(text_of(cell))
            for cells in sample
            for cell in cells
        )
    ]
    lines = [
        "# A mapping to begin with: check every line, and put real codes in place of the CAPITALS.",
        "source: OLD-SYSTEM  # a device of the registry, for the time in which it recorded",
        "rows: visit  # or hourly_count: see docs/import.md",
        "file:",
    ]
    if kind == "csv":
        delimiter = layout.delimiter.replace("\t", "\\t")
        lines += [f"  encoding: {layout.encoding}", f'  delimiter: "{delimiter}"']
    if layout.sheet:
        lines.append(f"  sheet: {_quoted(layout.sheet)}")
    if layout.skip_rows:
        lines.append(f"  skip_rows: {layout.skip_rows}")
    lines += [
        f"  header_rows: {layout.header_rows}",
        "dates: [" + ", ".join(_quoted(one) for one in formats or ["excel"]) + "]",
        "ambiguous: refuse",
    ]
    lines.append(f"issued_at: {_quoted(_date_column(header, sample) or 'COLUMN')}")
    texts = _label_columns(header, sample)
    if texts:
        name, values = texts
        lines += ["service:", f"  column: {_quoted(name)}", "  values:"]
        lines += [f"    {_quoted(value)}: SERVICE-CODE" for value in values]
    else:
        lines.append("service: SERVICE-CODE")
    return lines


def _date_column(header: Header, sample: Sequence[Sequence[Any]]) -> str | None:
    """The first column that holds dates."""
    for i, name in enumerate(header.names):
        cells = [row[i] for row in sample if i < len(row)]
        if name and any(isinstance(cell, date) or _has_date(text_of(cell)) for cell in cells):
            return name
    return None


def _has_date(text: str) -> bool:
    return any("%d" in one and pattern.fullmatch(text) for pattern, one in _FORMATS)


def _label_columns(header: Header, sample: Sequence[Sequence[Any]]) -> tuple[str, list[str]] | None:
    """The column with the fewest texts that come again: a service, most likely."""
    best: tuple[str, list[str]] | None = None
    for i, name in enumerate(header.names):
        texts = [text_of(cells[i]) for cells in sample if i < len(cells)]
        values = list(dict.fromkeys(text for text in texts if text))
        if (
            name
            and values
            and len(values) < max(2, len(texts))
            and not any(re.search(r"\d", value) for value in values)
            and (best is None or len(values) > len(best[1]))
        ):
            best = (name, values)
    return best


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
