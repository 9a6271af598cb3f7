"""Answers as files: what is unknown, hidden or absent is told apart in each."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from typing import Any

import openpyxl
import pytest
from pyarrow import parquet

from services.planner.comparison import Compared
from services.planner.export import (
    FORMATS,
    WRITERS,
    Format,
    columns,
    compared_lines,
    lines,
    published_lines,
)
from services.planner.flow import Row
from tests.unit.planner.rows import DCL, DMI, counted, heard, hour, question

ASKED = question("2026-11-16")
NINE, TEN = hour(16, 9), hour(16, 10)
ROWS = [
    counted(NINE, DCL, 12, p50_wait_s=30.5, knowledge=heard(45)),
    counted(NINE, DMI, 0, knowledge=heard(45)),
    Row(TEN, "ten", DCL, knowledge=heard(0, final=False)),
]


def written(format_: Format, rows: list[Row] = ROWS) -> bytes:
    stream = io.BytesIO()
    WRITERS[format_](columns(ASKED), lines(rows, ASKED), stream)
    return stream.getvalue()


def read(format_: Format, content: bytes) -> list[dict[str, Any]]:
    match format_:
        case "csv":
            return list(csv.DictReader(io.StringIO(content.decode())))
        case "json":
            return [json.loads(line) for line in content.splitlines()]
        case "parquet":
            return parquet.read_table(io.BytesIO(content)).to_pylist()
        case "xlsx":
            header, *rows = openpyxl.load_workbook(io.BytesIO(content)).active.values
            return [dict(zip(header, row, strict=True)) for row in rows]


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_holds_the_same_rows(format_: Format) -> None:
    nine, zero, unknown = read(format_, written(format_))
    assert list(nine) == columns(ASKED)
    assert (str(nine["passages"]), str(zero["passages"])) == ("12", "0")
    assert unknown["passages"] in (None, "")
    assert (nine["known"], unknown["known"]) == ("yes", "no")
    assert float(nine["coverage"]) == 0.75
    assert unknown["status"] == "provisional"
    assert str(nine["at"])[:19].replace(" ", "T") == "2026-11-16T09:00:00"


@pytest.mark.parametrize("format_", FORMATS)
def test_an_empty_answer_has_its_header(format_: Format) -> None:
    content = written(format_, [])
    assert read(format_, content) == []
    if format_ != "json":
        assert content


def test_a_table_for_publication_hides_small_counts_and_says_so() -> None:
    rows = [
        *(counted(NINE, DCL, 3), counted(NINE, DMI, 40)),
        *(counted(TEN, DCL, 30), counted(TEN, DMI, 50)),
    ]
    found = list(published_lines(rows, ASKED))
    assert (found[0]["passages"], found[0]["known"]) == (None, "suppressed")
    assert "persons" not in columns(ASKED, published=True)


def test_a_row_stands_beside_its_counterpart() -> None:
    asked = question("2026-11-16", grain="day")
    row = counted(date(2026, 11, 16), DCL, 12)
    other = counted(date(2025, 11, 17), DCL, 10)
    found = list(compared_lines([Compared(row, other), Compared(row, None)], asked))
    assert found[0]["compared_passages"] == 10
    assert found[0]["change"] == pytest.approx(0.2)
    assert found[1]["compared_passages"] is None
