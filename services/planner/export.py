"""Answers for other programs: CSV, JSON lines, Parquet, XLSX. A line a row, written as it comes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, BinaryIO, Literal, get_args

from services.core.suppression import SUPPRESSED, suppress
from services.planner.comparison import Compared
from services.planner.flow import MEASURES, Row
from services.planner.layout import laid_out
from services.planner.question import Question

Format = Literal["csv", "json", "parquet", "xlsx"]
FORMATS: tuple[Format, ...] = get_args(Format)

Line = dict[str, Any]
_ROWS_AT_ONCE = 5_000

_KNOWLEDGE = ("known", "coverage", "status", "open_days")
_WAITS = ("mean_wait_s", "p50_wait_s", "p90_wait_s")
_COUNTS = ("open_days", "compared_passages", "compared_open_days", "transfers")
_COMPARED = ("compared_at", "compared_passages", "compared_open_days", "change")


def columns(question: Question, *, published: bool = False, with_other: bool = False) -> list[str]:
    """Names of the columns, in order.

    `known` is yes, no (nobody knows: not zero) or suppressed; figures are empty unless it is yes.
    Times in seconds, except the sums wait_ms and service_ms.
    """
    figures = ("passages",) if published else (*MEASURES, *_WAITS)
    compared = _COMPARED if with_other else ()
    return ["at", "label", *question.split, *figures, *_KNOWLEDGE, *compared]


def lines(rows: Iterable[Row], question: Question) -> Iterator[Line]:
    """A line of each row."""
    return (_line(row, question) for row in rows)


def compared_lines(rows: Iterable[Compared], question: Question) -> Iterator[Line]:
    """A line of each row, with its counterpart's figures."""
    for pair in rows:
        other = pair.other
        yield _line(pair.row, question) | {
            "compared_at": other.at if other else None,
            "compared_passages": other.measures.get("passages") if other else None,
            "compared_open_days": other.knowledge.open_days if other and other.knowledge else None,
            "change": pair.change,
        }


def published_lines(rows: Sequence[Row], question: Question) -> Iterator[Line]:
    """Passages only, small counts hidden and those that would give them away.

    The whole table is needed at once: what is hidden depends on all of it.
    """
    layout = laid_out(rows)
    cells = suppress(layout.cells).cells
    down = {piece: number for number, piece in enumerate(layout.pieces)}
    across = {of: number for number, of in enumerate(layout.combinations)}
    for row in rows:
        cell = cells[down[row.piece]][across[row.of]]
        hidden = cell is SUPPRESSED
        yield _line(row, question) | {
            "passages": None if hidden else cell,
            "known": "suppressed" if hidden else row.known,
        }


def _line(row: Row, question: Question) -> Line:
    knowledge = row.knowledge
    return {
        "at": row.at,
        "label": row.label,
        **{dimension: getattr(row.of, dimension) for dimension in question.split},
        **{measure: row.measures.get(measure) for measure in MEASURES},
        "mean_wait_s": row.mean_wait_s,
        "p50_wait_s": row.p50_wait_s,
        "p90_wait_s": row.p90_wait_s,
        "known": row.known,
        "coverage": knowledge.coverage if knowledge else None,
        "status": knowledge.status if knowledge else None,
        "open_days": knowledge.open_days if knowledge else None,
    }


def write_csv(names: Sequence[str], found: Iterable[Line], stream: BinaryIO) -> None:
    """Header first; instants in ISO 8601 UTC, UTF-8, comma, point."""
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
    writer = csv.DictWriter(text, names, extrasaction="ignore")
    writer.writeheader()
    for line in found:
        writer.writerow({name: plain(value) for name, value in line.items()})
    text.detach()


def write_json(names: Sequence[str], found: Iterable[Line], stream: BinaryIO) -> None:
    """One JSON object a line; absent figures are null."""
    for line in found:
        kept = {name: plain(line[name]) for name in names}
        stream.write(json.dumps(kept, ensure_ascii=False).encode() + b"\n")


def write_parquet(names: Sequence[str], found: Iterable[Line], stream: BinaryIO) -> None:
    """Instants as UTC timestamps, days as dates; needs pyarrow."""
    import pyarrow as pa
    from pyarrow import parquet

    portions = _portions(found)
    portion = next(portions, [])
    first = portion[0] if portion else {}
    schema = pa.schema([(name, _arrow_type(pa, name, first)) for name in names])
    with parquet.ParquetWriter(stream, schema) as writer:
        while portion:
            kept = [{name: line[name] for name in names} for line in portion]
            writer.write_table(pa.Table.from_pylist(kept, schema=schema))
            portion = next(portions, [])


def write_xlsx(names: Sequence[str], found: Iterable[Line], stream: BinaryIO) -> None:
    """One sheet, a header that stays in sight; instants as text with their offset."""
    import xlsxwriter

    with xlsxwriter.Workbook(stream, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("passage")
        bold = book.add_format({"bold": True})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, 1, 24)
        for column, name in enumerate(names):
            sheet.write_string(0, column, name, bold)
        for number, line in enumerate(found, start=1):
            for column, name in enumerate(names):
                value = line[name]
                if isinstance(value, datetime):
                    sheet.write_string(number, column, value.isoformat())
                elif isinstance(value, date):
                    sheet.write_datetime(number, column, value, day)
                elif value is not None:
                    sheet.write(number, column, value)


WRITERS: Mapping[Format, Callable[[Sequence[str], Iterable[Line], BinaryIO], None]] = {
    "csv": write_csv,
    "json": write_json,
    "parquet": write_parquet,
    "xlsx": write_xlsx,
}


def plain(value: Any) -> Any:
    """A value as text formats write it: instants and days in ISO 8601, four decimals."""
    if isinstance(value, date):
        return value.isoformat()
    return round(value, 4) if isinstance(value, float) else value


def _portions(found: Iterable[Line]) -> Iterator[list[Line]]:
    portion: list[Line] = []
    for line in found:
        portion.append(line)
        if len(portion) == _ROWS_AT_ONCE:
            yield portion
            portion = []
    if portion:
        yield portion


def _arrow_type(pa: Any, name: str, first: Line) -> Any:
    if name in ("at", "compared_at"):
        is_instant = isinstance(first.get("at"), datetime)
        return pa.timestamp("us", tz="UTC") if is_instant else pa.date32()
    if name in ("coverage", "change", *_WAITS):
        return pa.float64()
    if name in (*MEASURES, *_COUNTS):
        return pa.int64()
    return pa.string()
