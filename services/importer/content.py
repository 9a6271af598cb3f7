"""What a file is, by its content and whatever its name says."""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from pathlib import Path
from typing import Literal

from services.importer.errors import ImportRefused

Kind = Literal["csv", "xlsx"]

LOOKED_AT_BYTES = 64 * 1024
DELIMITERS = (";", "\t", ",", "|")
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def beginning(path: Path) -> bytes:
    """The first bytes of a file. Raises ImportRefused when it is missing, a folder, or empty."""
    try:
        with path.open("rb") as file:
            head = file.read(LOOKED_AT_BYTES)
    except OSError as error:
        raise ImportRefused(f"{path} cannot be read: {error.strerror}") from None
    if not head:
        raise ImportRefused(f"{path} is empty; export it again")
    return head


def kind_of(path: Path, head: bytes) -> Kind:
    """CSV or XLSX. Raises ImportRefused, with the remedy, for what is neither."""
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise ImportRefused(
            f"{path} is an old or a protected Excel file; open it and save it as .xlsx without"
            " password, or as CSV"
        )
    if head.startswith(b"%PDF"):
        raise ImportRefused(f"{path} is a PDF; export the table as CSV or XLSX")
    start = head.lstrip(codecs.BOM_UTF8).lstrip()[:200].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<?xml")):
        raise ImportRefused(
            f"{path} is a web page or XML, whatever its name says; open it in a spreadsheet"
            " program and save it as .xlsx"
        )
    return "csv"


def marked_encoding(head: bytes) -> str | None:
    """The encoding that a byte order mark states."""
    return next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)


def likely_encoding(head: bytes) -> str:
    """The encoding by mark or by content: UTF-8 where it fits, else cp1252 (Windows, French)."""
    marked = marked_encoding(head)
    if marked:
        return marked
    if _is_utf_16(head):
        return "utf-16-le" if head[1:2] == b"\0" else "utf-16-be"
    return "utf-8" if is_utf8(head) else "cp1252"


def _is_utf_16(head: bytes) -> bool:
    """Whether so many bytes are zero that each letter must have one; a stray one is damage."""
    return head.count(0) * 4 > len(head)


def is_utf8(head: bytes) -> bool:
    """Whether the bytes are UTF-8; the last character may be cut off."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def encoding_of(path: Path, head: bytes, stated: str) -> str:
    """The encoding to read with: the mark's, else the stated one.

    Raises ImportRefused where the content shows that the stated one is wrong.
    """
    marked = marked_encoding(head)
    if marked:
        return marked
    if b"\0" in head and not stated.startswith(("utf-16", "utf-32")):
        if not _is_utf_16(head):
            line = head[: head.index(0)].count(b"\n") + 1
            raise ImportRefused(f"{path}, line {line}: a zero byte; export the file again")
        raise ImportRefused(
            f"{path} is not {stated}: it has zero bytes; if it is text, say"
            f" `encoding: {likely_encoding(head)}` in the mapping"
        )
    is_ascii = head.isascii()
    if (
        not is_ascii
        and stated not in ("utf-8", "utf-8-sig")
        and is_utf8(head)
        and (not stated.startswith("utf-"))
    ):
        raise ImportRefused(f"{path} is UTF-8, not {stated}; say `encoding: utf-8` in the mapping")
    return stated


def likely_delimiter(text: str) -> str:
    """The sign that separates the cells: the one that most lines have equally often."""
    lines = [line for line in text.splitlines()[:50] if line.strip()]
    best, best_score = ";", 0
    for delimiter in DELIMITERS:
        counts = Counter(len(row) - 1 for row in csv.reader(lines, delimiter=delimiter) if row)
        cells, times = max(counts.items(), key=lambda one: (one[0] > 0, one[1]))
        # Twice as many cells are worth less than a delimiter that every line has.
        score = times * 10 + min(cells, 9) if cells else 0
        if score > best_score:
            best, best_score = delimiter, score
    return best
