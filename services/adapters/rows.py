"""The rows of a CSV export, one after the other; a row is what a webhook's payload would be."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO, NamedTuple

from services.adapters.errors import InvalidExport
from services.adapters.mapping import Mapping, columns_of
from services.adapters.refusals import Refusal, RefusalReason
from services.adapters.translation import AnyEvent, translate


class Row(NamedTuple):
    """A row, where it ends in the file (a line, from 1), and its number among the rows, from 1."""

    line: int
    number: int
    cells: dict[str, str] | Refusal


def rows_of(file: BinaryIO, mapping: Mapping, name: str, *, after: int = 0) -> Iterator[Row]:
    """The rows of a file behind the first `after` ones, as they are read; empty lines are none.

    Raises InvalidExport, while reading too, when it is not the CSV that the mapping describes.
    """
    assert mapping.csv is not None
    encoding = "utf-8-sig" if mapping.csv.encoding == "utf-8" else mapping.csv.encoding
    text = io.TextIOWrapper(file, encoding, newline="")
    reader = csv.reader(text, delimiter=mapping.csv.delimiter, strict=True)
    try:
        header = [one.strip() for one in next(reader, [])]
        _hold_to_mapping(header, mapping, name)
        filled = (cells for cells in reader if any(cell.strip() for cell in cells))
        for number, cells in enumerate(islice(filled, after, None), after + 1):
            yield Row(reader.line_num, number, _row(header, cells))
    except UnicodeError:
        raise InvalidExport(
            f"{name} is not {mapping.csv.encoding}. Remedy: correct `csv.encoding` in the mapping"
        ) from None
    except csv.Error:
        raise InvalidExport(
            f"{name}:{reader.line_num} is no CSV (a quote that is not closed, or doubled?)."
            " Remedy: export it again"
        ) from None
    finally:
        # The file belongs to the caller.
        text.detach()


def translate_row(mapping: Mapping, row: Row) -> list[AnyEvent | Refusal]:
    """What becomes of a row."""
    return [row.cells] if isinstance(row.cells, Refusal) else translate(mapping, row.cells)


def _hold_to_mapping(header: list[str], mapping: Mapping, name: str) -> None:
    # What the header says is not shown: in a file without one it is somebody's row.
    wanted = columns_of(mapping)
    missing = sorted(wanted - set(header))
    if missing:
        raise InvalidExport(
            f"{name} has no column {', '.join(map(repr, missing))}. Remedy: correct the mapping,"
            " `csv.delimiter` or `csv.encoding`"
        )
    twice = sorted(column for column in wanted if header.count(column) > 1)
    if twice:
        raise InvalidExport(
            f"{name} has the column {', '.join(map(repr, twice))} more than once. Remedy: have one"
            " of them renamed in the export"
        )


def _row(header: list[str], cells: list[str]) -> dict[str, str] | Refusal:
    if any(cell.strip() for cell in cells[len(header) :]):
        return Refusal(RefusalReason.RAGGED_ROW)
    return dict(zip(header, cells, strict=False))
