"""Figures from elsewhere, from a CSV: every wrong cell is named by its line and column."""

from __future__ import annotations

import csv
import io
import math
from contextlib import suppress
from datetime import date, datetime
from difflib import get_close_matches

from services.planner.report.content import MISSING, NOT_APPLICABLE, Cell
from services.planner.report.sections.elsewhere import SLOTS, HandedIn

COLUMNS = ("indicator", "scope", "value", "as_of", "source")
REQUIRED = ("indicator", "value", "source")

_NOT_APPLICABLE = frozenset({"n.a.", "s.o."})
_MISSING = frozenset({"", "n.d.", "missing"})
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SPACES = str.maketrans("", "", " \u00a0\u202f")


class BadFile(ValueError):
    """The file cannot be read; the message says where and what is expected."""


def parse(content: bytes) -> tuple[HandedIn, ...]:
    """The figures of a file: UTF-8, header first, comma or semicolon between columns.

    Numbers with a decimal comma or point, shares as 85 % or 0.85, days as 2025-12-31 or 31/12/2025;
    n.a. (s.o.) and n.d. (or nothing) are marks. Raises BadFile.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadFile(
            f"line {line}: not UTF-8; save the file as “CSV UTF-8” and try again"
        ) from None
    heading = text.partition("\n")[0]
    delimiter = ";" if heading.count(";") >= heading.count(",") else ","
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found: list[HandedIn] = []
    try:
        names = _header(next(rows, []))
        for row in rows:
            if not any(cell.strip() for cell in row):
                continue
            if len(row) != len(names):
                raise BadFile(
                    f"line {rows.line_num}: {len(row)} columns, the header has {len(names)};"
                    " put texts that hold the separator in quotes"
                )
            one = _figure(dict(zip(names, map(str.strip, row), strict=True)), rows.line_num)
            if any((one.indicator, one.scope) == (other.indicator, other.scope) for other in found):
                raise BadFile(
                    f"line {rows.line_num}, column indicator: {one.indicator!r} stands there"
                    " twice; give each line a scope of its own"
                )
            found.append(one)
    except csv.Error as error:
        raise BadFile(f"line {rows.line_num}: {error}") from None
    return tuple(found)


def _header(row: list[str]) -> list[str]:
    names = [name.strip().lower() for name in row]
    for name in REQUIRED:
        if name not in names:
            raise BadFile(
                f"line 1: column {name!r} is missing; expected {', '.join(COLUMNS)}"
                " (scope and as_of may be left out)"
            )
    for name in names:
        if name not in COLUMNS or names.count(name) > 1:
            raise BadFile(
                f"line 1: column {name!r} is not expected; known are {', '.join(COLUMNS)}"
            )
    return names


def _figure(row: dict[str, str], line: int) -> HandedIn:
    def bad(column: str, problem: str) -> BadFile:
        return BadFile(f"line {line}, column {column}: {problem}")

    indicator = row["indicator"]
    if indicator not in SLOTS:
        near = get_close_matches(indicator, SLOTS, n=1)
        remedy = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(SLOTS)}"
        raise bad("indicator", f"unknown indicator {indicator!r}; {remedy}")
    for column in ("scope", "source"):
        # A spreadsheet would run it.
        if row.get(column, "").startswith(_FORMULA):
            raise bad(column, f"a text may not begin with {row[column][0]!r}")
    try:
        value = _value(row["value"], is_share=SLOTS[indicator] == "percent")
    except ValueError as error:
        raise bad("value", str(error)) from None
    if value is not MISSING and not row["source"]:
        raise bad("source", "is empty; say who hands the figure in")
    as_of = None
    if row.get("as_of"):
        as_of = _day(row["as_of"])
        if as_of is None:
            raise bad("as_of", f"{row['as_of']!r} is no day; write 2025-12-31 or 31/12/2025")
    return HandedIn(indicator, row.get("scope", ""), value, as_of, row["source"])


def _value(text: str, *, is_share: bool) -> Cell:
    if text.lower() in _NOT_APPLICABLE:
        return NOT_APPLICABLE
    if text.lower() in _MISSING:
        return MISSING
    bare = text.translate(_SPACES).replace(",", ".")
    percent = bare.endswith("%")
    try:
        value = float(bare.removesuffix("%"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0 or (percent and not is_share):
        raise ValueError(f"{text!r} is no number; write 12345, 12345,6 or n.d.")
    if not is_share:
        return int(value) if value.is_integer() else value
    share = value / 100 if percent else value
    if share > 1:
        raise ValueError(f"{text!r} is more than all; write a share as 85 % or 0,85")
    return share


def _day(text: str) -> date | None:
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        with suppress(ValueError):
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
    return None
