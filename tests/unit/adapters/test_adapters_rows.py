"""Exports as rows: what is no CSV of the mapping is said, and no cell is."""

from __future__ import annotations

import io

import pytest

from services.adapters.errors import InvalidExport
from services.adapters.export import Export
from services.adapters.mapping import Mapping
from services.adapters.refusals import Refusal, RefusalReason
from services.adapters.rows import rows_of, translate_row
from services.adapters.settling import settles_in_s, wanted
from services.adapters.sources import Listed
from services.adapters.taken import Sighting

HEADER = "Jour;Ticket;Nom\n"


def mapping(**csv: str) -> Mapping:
    return Mapping.model_validate(
        {
            "name": "vendor",
            "visit": {"id": "Ticket"},
            "place": [{"site": "sp-lhay", "source": "lhay-borne-1"}],
            "events": [{"type": "called", "at": "Jour"}],
            "csv": {"location": "exports", **csv},
        }
    )


def rows(content: bytes, after: int = 0, **csv: str) -> list[tuple[int, int]]:
    found = rows_of(io.BytesIO(content), mapping(**csv), "t.csv", after=after)
    return [(row.line, row.number) for row in found]


@pytest.mark.parametrize(
    ("content", "csv"),
    [
        (f"{HEADER}2026-11-16T09:00Z;é1;\n".encode(), {}),
        (f"{HEADER}2026-11-16T09:00Z;é1;\n".encode("utf-8-sig"), {}),
        (f"{HEADER}2026-11-16T09:00Z;é1;\r\n".encode("cp1252"), {"encoding": "cp1252"}),
        (f"{HEADER}2026-11-16T09:00Z;é1;\n".encode("utf-16"), {"encoding": "utf-16"}),
        (b"Jour,Ticket\n2026-11-16T09:00Z,\xc3\xa91", {"delimiter": ","}),
        (f'{HEADER}2026-11-16T09:00Z;é1;"a\nb;c"\n\n;;\n'.encode(), {}),
        (f"{HEADER}2026-11-16T09:00Z;é1\n".encode(), {}),
        (f"{HEADER}2026-11-16T09:00Z;é1;x;; \n".encode(), {}),
    ],
    ids=["UTF-8", "with mark", "cp1252", "UTF-16", "commas", "quoted", "short", "blank cells"],
)
def test_a_row_is_read_as_it_is_written(content: bytes, csv: dict[str, str]) -> None:
    vendor = mapping(**csv)
    (row,) = rows_of(io.BytesIO(content), vendor, "t.csv")
    (event,) = translate_row(vendor, row)
    assert not isinstance(event, Refusal)
    expected = translate_row(
        vendor, row._replace(cells={"Jour": "2026-11-16T09:00Z", "Ticket": "é1"})
    )
    assert [event] == expected


def test_rows_that_are_taken_are_passed_over() -> None:
    content = f"{HEADER}a;1\n\nb;2\nc;3\n".encode()
    assert rows(content) == [(2, 1), (4, 2), (5, 3)]
    assert rows(content, after=2) == [(5, 3)]


@pytest.mark.parametrize(
    ("content", "csv", "sentence"),
    [
        (b"Durand;0612345678\n", {}, "has no column 'Jour', 'Ticket'. Remedy"),
        (b"", {}, "has no column 'Jour', 'Ticket'. Remedy"),
        (HEADER.encode(), {"delimiter": ","}, "has no column"),
        (b"Jour;Ticket;Ticket\n", {}, "has the column 'Ticket' more than once"),
        (
            HEADER.encode() + b"1;Durand \xe9;\n",
            {},
            r"is not utf-8. Remedy: correct `csv.encoding`",
        ),
        (HEADER.encode() + b'1;"Durand\n', {}, "t.csv:2 is no CSV"),
    ],
)
def test_what_is_no_export_of_the_mapping_is_said_without_a_cell(
    content: bytes, csv: dict[str, str], sentence: str
) -> None:
    with pytest.raises(InvalidExport, match=sentence) as refused:
        rows(content, **csv)
    assert "Durand" not in str(refused.value)


def test_a_row_with_too_many_cells_is_refused_not_guessed() -> None:
    vendor = mapping()
    content = f"{HEADER}2026-11-16T09:00Z;7;Durand; Paul\n".encode()
    (row,) = rows_of(io.BytesIO(content), vendor, "t.csv")
    assert translate_row(vendor, row) == [Refusal(RefusalReason.RAGGED_ROW)]


def listed(*names: str) -> list[Listed]:
    return [Listed(name, 10, 0.0) for name in names]


@pytest.mark.parametrize(
    ("export", "names"),
    [
        ({}, ["a.csv", "b.csv"]),
        ({"files": "b*"}, ["b.csv", "b.csv.done"]),
        ({"done_suffix": ".done"}, ["b.csv"]),
        ({"files": "*", "done_suffix": ".done"}, ["b.csv"]),
    ],
)
def test_exports_are_found_by_name_and_mark(export: dict[str, str], names: list[str]) -> None:
    files = listed("b.csv", "b.csv.done", "a.csv", "notes.txt")
    found = wanted(files, Export.model_validate({"location": "x", **export}))
    assert [file.name for file in found] == names


@pytest.mark.parametrize(
    ("now", "export", "left_s"),
    [
        (1000.0, {}, 60.0),
        (1045.0, {}, 15.0),
        (1060.0, {}, 0.0),
        (500.0, {}, 60.0),
        (1000.0, {"settled_s": 0}, 0.0),
        (1000.0, {"done_suffix": ".done"}, 0.0),
    ],
    ids=["new", "soon", "settled", "clock set back", "at once", "marked"],
)
def test_a_file_settles_when_it_has_not_changed_for_long_enough(
    now: float, export: dict[str, str], left_s: float
) -> None:
    sighting = Sighting(*listed("a.csv"), 1000.0)
    settings = Export.model_validate({"location": "x", **export})
    assert settles_in_s(sighting, now, settings) == left_s
