"""Files as systems write them are read; files that are wrong say what to do."""

from __future__ import annotations

import codecs
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml

from schemas.registry import Registry
from services.core.decisions import RegistryIndex
from services.importer.errors import ImportRefused
from services.importer.inspection import inspect
from services.importer.mapping import Mapping, load_mapping
from services.importer.reading import Reading, read_files
from services.importer.run import find_source, place_of

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)

VISIT: dict[str, Any] = {
    "source": "acc-borne-1",
    "rows": "visit",
    "dates": ["%d/%m/%Y %H:%M", "%H:%M"],
    "issued_at": "Émis",
    "called_at": "Appel",
    "ended_at": "Fin",
    "service": {"column": "Bureau", "values": {"Titres": "titres", "Permis": "permis"}},
}
HOURLY: dict[str, Any] = {
    "source": "acc-borne-1",
    "rows": "hourly_count",
    "dates": ["%d/%m/%Y", "excel"],
    "date": "Date",
    "hour": "Heure",
    "service": {"column": "Bureau", "values": {"Titres": "titres", "Permis": "permis"}},
    "counts": {"passages": "Venus", "served": "Reçus"},
}
VISIT_HEAD = "Émis;Appel;Fin;Bureau\n"
HOURLY_HEAD = "Date;Heure;Bureau;Venus;Reçus\n"


@pytest.fixture
def read(registry: Registry, tmp_path: Path) -> Any:
    index = RegistryIndex(registry)

    def read_content(
        content: bytes | str | list[str], mapping: dict[str, Any], name: str = "export.csv"
    ) -> Reading:
        contents = content if isinstance(content, list) else [content]
        paths = []
        for i, one in enumerate(contents):
            path = tmp_path / (name if len(contents) == 1 else f"{i}-{name}")
            path.write_bytes(one.encode() if isinstance(one, str) else one)
            paths.append(path)
        parsed = loaded(mapping, tmp_path)
        _, site = find_source(index, parsed.source)
        return read_files(paths, parsed, place_of(index, site, parsed, NOW), site)

    return read_content


def loaded(mapping: dict[str, Any], folder: Path) -> Mapping:
    path = folder / "mapping.yaml"
    path.write_text(yaml.safe_dump(mapping, allow_unicode=True))
    return load_mapping(path)


def with_file(mapping: dict[str, Any], **layout: Any) -> dict[str, Any]:
    return {**mapping, "file": layout}


def totals(reading: Reading) -> dict[str, int]:
    sums: dict[str, int] = {}
    for row in reading.footfall.measures.values():
        for measure, n in row.items():
            sums[measure] = sums.get(measure, 0) + n
    return sums


ROW = "02/01/2024 09:00;09:05;09:10;Titres\n"


@pytest.mark.parametrize(
    ("content", "layout"),
    [
        (VISIT_HEAD + ROW, {}),
        (codecs.BOM_UTF8 + (VISIT_HEAD + ROW).encode(), {"encoding": "cp1252"}),
        ((VISIT_HEAD + ROW).encode("cp1252"), {"encoding": "cp1252"}),
        ((VISIT_HEAD + ROW).encode("utf-16"), {}),
        ((VISIT_HEAD + ROW).replace(";", "\t"), {"delimiter": "\t"}),
        ("sep=;\n" + VISIT_HEAD + ROW, {}),
        ("\n;;;\n" + VISIT_HEAD + "\n" + ROW + ";;;\nTOTAL;;;1\n", {}),
        ("Export du 3 mars\n" + VISIT_HEAD + ROW, {"skip_rows": 1}),
        ((VISIT_HEAD + ROW).replace("\n", "\r"), {}),
        ((VISIT_HEAD + ROW).replace("Titres", '" titres\u00a0"'), {}),
    ],
    ids=str,
)
def test_a_file_is_read_however_it_is_written(
    read: Any, content: bytes | str, layout: dict[str, Any]
) -> None:
    reading = read(content, with_file(VISIT, **layout))
    assert (reading.findings.read, reading.findings.good) == (1, 1)
    assert totals(reading) == {
        "passages": 1,
        "persons": 1,
        "tickets": 1,
        "queue_entries": 1,
        "served": 1,
        "waits": 1,
        "wait_ms": 300_000,
        "last_call_waits": 1,
        "last_call_wait_ms": 300_000,
    }


@pytest.mark.parametrize(
    ("content", "layout", "remedy"),
    [
        ((VISIT_HEAD + ROW).encode("cp1252"), {}, "encoding: cp1252"),
        ((VISIT_HEAD + ROW * 9_000).encode() + b"\xe9\n", {}, "line 9002: byte 0xe9 is not utf-8"),
        (VISIT_HEAD + ROW, {"encoding": "cp1252"}, "encoding: utf-8"),
        (VISIT_HEAD + ROW + "\0" + ROW, {}, "line 3: a zero byte; export the file again"),
        ((VISIT_HEAD + ROW).encode("utf-16-le"), {}, "encoding: utf-16-le"),
        ((VISIT_HEAD + ROW).replace(";", ","), {}, 'delimiter: ","'),
        (VISIT_HEAD.replace("Appel", "Appels") + ROW, {}, "did you mean 'Appels'"),
        (VISIT_HEAD.replace("Fin", "Appel") + ROW, {}, "more than once"),
        (VISIT_HEAD + '"02/01/2024;09:05;09:10;Titres\n', {}, "line 2"),
        (VISIT_HEAD, {}, "no row"),
        (VISIT_HEAD, {"skip_rows": 1}, "ends before its header"),
        ("", {}, "is empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", {}, "save it as .xlsx"),
        (b"PK\x03\x04 no workbook", {}, "no workbook"),
        ("<html><table><tr>", {}, "web page"),
    ],
    ids=str,
)
def test_a_wrong_file_is_refused_with_the_remedy(
    read: Any, content: bytes | str, layout: dict[str, Any], remedy: str
) -> None:
    with pytest.raises(ImportRefused, match=r"export\.csv") as refused:
        read(content, with_file(VISIT, **layout))
    assert remedy in str(refused.value)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("31/02/2024 09:00;;;Titres", "not a date"),
        ("2024-01-02 09:00;;;Titres", "not a date"),
        (";;;Titres", "no time"),
        ("02/01/2024 09:00;08:55;;Titres", "times out of order"),
        ("02/01/2024 09:00;09:30;09:20;Titres", "times out of order"),
        ("02/01/2024 09:00;;;Passeports", "service without a code"),
        ("02/01/2024 09:00;;;", "service without a code"),
        ("45293,375;;;Titres", "not a date"),
        ("02/01/2024 09:00;;;Titres;x", "more cells than the header"),
        ("01/06/2026 09:00;;;Titres", "not over yet"),
        ("02/01/0024 09:00;;;Titres", "too old"),
        ("31/03/2024 02:30;;;Titres", "a local time that the clock change skips"),
        ("27/10/2024 02:30;;;Titres", "a local time that the clock change repeats"),
        ("02/01/2024 09:00;05/01/2024 09:00;;Titres", "longer than a day"),
    ],
)
def test_a_bad_visit_is_named_with_its_line(read: Any, row: str, reason: str) -> None:
    findings = read(VISIT_HEAD + ROW + row + "\n", VISIT).findings
    assert dict(findings.bad) == {reason: 1}
    assert findings.examples[reason][0].startswith("export.csv:3: ")
    assert findings.good == 1


@pytest.mark.parametrize(
    ("count", "layout", "found"),
    [
        ("1 234", {}, 1234),
        ("1\u202f234", {}, 1234),
        ("1\u00a0234,0", {}, 1234),
        ("1.234", {"thousands": "."}, 1234),
        ("1,234.0", {"thousands": ",", "decimal": "."}, 1234),
        ("1 234,5", {}, "not a whole number"),
        ("1.234", {}, "not a number"),
        ("12 34", {}, "not a number"),
        ("-3", {}, "negative count"),
        ("", {}, "no count"),
        ("#REF!", {}, "not a number"),
    ],
)
def test_counts_as_people_write_them(
    read: Any, count: str, layout: dict[str, Any], found: int | str
) -> None:
    reading = read(HOURLY_HEAD + f"02/01/2024;9h;Titres;{count};1\n", with_file(HOURLY, **layout))
    if isinstance(found, str):
        assert dict(reading.findings.bad) == {found: 1}
        assert not reading.footfall
    else:
        assert totals(reading)["passages"] == found


@pytest.mark.parametrize("hour", ["9", "09:00", "9h", "09h-10h", "9 h 00", "09:00 - 10:00"])
def test_hours_as_people_write_them(read: Any, hour: str) -> None:
    reading = read(HOURLY_HEAD + f"02/01/2024;{hour};Titres;6;5\n", HOURLY)
    rows = sorted((key.bucket_start_us, row) for key, row in reading.footfall.measures.items())
    starts = [datetime.fromtimestamp(us / 1e6, UTC).strftime("%H:%M") for us, _ in rows]
    # Six in an hour are two, two, one and one in its quarters; what adds up is exact.
    assert starts == ["08:00", "08:15", "08:30", "08:45"]
    assert [row["passages"] for _, row in rows] == [2, 2, 1, 1]
    assert [row["served"] for _, row in rows] == [2, 1, 1, 1]


@pytest.mark.parametrize(
    ("rows", "more", "bad"),
    [
        (["02/01/2024;9;Titres;5;5"] * 2, {}, {"an hour that comes twice": 1}),
        (["02/01/2024;9;Titres;5;5"] * 2, {"duplicates": "sum"}, {}),
        (["02/01/2024;24;Titres;5;5"], {}, {"not an hour": 1}),
        (["02/01/2024;9h30;Titres;5;5"], {}, {"not a whole hour": 1}),
        (["31/03/2024;2;Titres;0;0"], {}, {"a local time that the clock change skips": 1}),
        (["27/10/2024;2;Titres;5;5"] * 2, {}, {"a local time that the clock change repeats": 2}),
        (["27/10/2024;2;Titres;5;5"] * 2, {"ambiguous": "by_order"}, {}),
        (
            ["27/10/2024;2;Titres;5;5"] * 2,
            {"ambiguous": "first"},
            {"an hour that comes twice": 1},
        ),
    ],
)
def test_an_hour_that_is_not_one_is_bad(
    read: Any, rows: list[str], more: dict[str, Any], bad: dict[str, int]
) -> None:
    reading = read(HOURLY_HEAD + "\n".join(rows) + "\n", {**HOURLY, **more})
    assert dict(reading.findings.bad) == bad
    good = len(rows) - sum(bad.values())
    assert totals(reading).get("passages", 0) == 5 * good


def test_the_two_hours_of_october_are_two(read: Any) -> None:
    rows = "".join(f"27/10/2024;{hour};Titres;{n};\n" for hour, n in ((1, 1), (2, 4), (2, 8)))
    reading = read(HOURLY_HEAD + rows, {**HOURLY, "ambiguous": "by_order"})
    by_hour: dict[int, int] = {}
    for key, row in reading.footfall.measures.items():
        hour = datetime.fromtimestamp(key.bucket_start_us / 1e6, UTC).hour
        by_hour[hour] = by_hour.get(hour, 0) + row["passages"]
    assert by_hour == {23: 1, 0: 4, 1: 8}


def test_visits_in_order_tell_the_two_hours_of_october_apart(read: Any) -> None:
    rows = "".join(f"27/10/2024 02:{m};;;Titres\n" for m in ("05", "50", "10", "55"))
    reading = read(VISIT_HEAD + rows, {**VISIT, "ambiguous": "by_order"})
    hours = sorted(
        datetime.fromtimestamp(key.bucket_start_us / 1e6, UTC).strftime("%H:%M")
        for key in reading.footfall.measures
    )
    assert hours == ["00:00", "00:45", "01:00", "01:45"]


def test_the_same_hour_of_two_exports_is_counted_once(read: Any) -> None:
    content = HOURLY_HEAD + "02/01/2024;9;Titres;5;5\n"
    assert totals(read([content, content], HOURLY))["passages"] == 5
    other = content.replace(";5;", ";6;")
    assert dict(read([content, other], HOURLY).findings.bad) == {"an hour that comes twice": 1}


def workbook(path: Path, *rows: list[Any], merged: str = "", sheets: int = 1) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    if merged:
        sheet.merge_cells(merged)
    for n in range(1, sheets):
        book.create_sheet(f"Autre {n}")
    book.save(path)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("day", "hour"),
    [
        (datetime(2024, 1, 2), time(9)),  # noqa: DTZ001 as workbooks hold it
        (date(2024, 1, 2), "9h"),
        (45293, 9),
        (45293.0, 9.0),
        ("02/01/2024", "09:00"),
    ],
)
def test_a_workbook_is_read_with_its_dates_and_merged_header(
    read: Any, tmp_path: Path, day: Any, hour: Any
) -> None:
    content = workbook(
        tmp_path / "book.xlsx",
        ["Date", "Heure", "Bureau", "Visiteurs", None],
        [None, None, None, "Venus", "Reçus"],
        [day, hour, "Titres", 12, 11],
        ["Total", None, None, "=SUM(D3:D3)", 11],
        merged="D1:E1",
    )
    mapping = {**HOURLY, "counts": {"passages": "Visiteurs Venus", "served": "Visiteurs Reçus"}}
    # Whatever its name says.
    reading = read(content, with_file(mapping, header_rows=2), "export.csv")
    assert totals(reading)["passages"] == 12
    assert reading.days == {date(2024, 1, 2): {"export.csv"}}
    assert reading.findings.totals == 1


def test_a_formula_that_was_never_worked_out_is_not_zero(read: Any, tmp_path: Path) -> None:
    content = workbook(
        tmp_path / "book.xlsx",
        ["Date", "Heure", "Bureau", "Venus", "Reçus"],
        ["02/01/2024", 9, "Titres", "=5+7", 11],
    )
    assert dict(read(content, HOURLY).findings.bad) == {"no count": 1}


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml"])
@pytest.mark.parametrize("bad", [b"\0", b"\xff"])
def test_a_damaged_workbook_is_refused_and_no_crash(
    read: Any, tmp_path: Path, part: str, bad: bytes
) -> None:
    rows = [[f"{day:02}/01/2024", 9, "Titres", day, 11] for day in range(1, 29)]
    content = workbook(tmp_path / "book.xlsx", ["Date", "Heure", "Bureau", "Venus", "Reçus"], *rows)
    middle = content.index(part.encode()) + len(part) + 120
    damaged = content[:middle] + bad * 20 + content[middle + 20 :]
    with pytest.raises(ImportRefused, match="no workbook that can be read"):
        read(damaged, HOURLY)


def test_what_is_wrong_with_a_cell_is_said_by_its_column(read: Any) -> None:
    for row, says in (
        ("45293,375;;;Titres", "or %H:%M; if it is a spreadsheet's"),
        ("02/01/2024 09:00;;;", "Bureau is empty; say under service.values"),
    ):
        (examples,) = read(VISIT_HEAD + row + "\n", VISIT).findings.examples.values()
        assert says in examples[0]


def test_a_workbook_of_several_sheets_needs_the_name_of_one(read: Any, tmp_path: Path) -> None:
    content = workbook(tmp_path / "book.xlsx", ["Date"], sheets=2)
    with pytest.raises(ImportRefused, match="'Sheet', 'Autre 1'"):
        read(content, HOURLY)
    with pytest.raises(ImportRefused, match="no sheet 'Mars'"):
        read(content, with_file(HOURLY, sheet="Mars"))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"dates": ["jj/mm/aaaa"]}, "no date format"),
        ({"dates": []}, "dates"),
        ({"rows": "day"}, "expected `rows: visit`"),
        ({"issued_at": None}, "issued_at"),
        ({"colour": "red"}, "colour is no field"),
        ({"file": {"encoding": "utf8000"}}, "no encoding"),
        ({"file": {"delimiter": ";;"}}, "file.delimiter"),
        ({"file": {"total_rows": ["("]}}, "no pattern"),
        ({"service": {"column": "Bureau", "values": {True: "titres"}}}, "quote it"),
        ({"ambiguous": "both"}, "ambiguous"),
        ({"outcome": {"column": "Issue", "values": {"Reçu": "happy"}}}, "outcome"),
    ],
)
def test_a_wrong_mapping_says_where(tmp_path: Path, change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        loaded({**VISIT, **change}, tmp_path)
    assert sentence in str(refused.value)


def test_a_visit_without_end_has_no_time_at_the_desk(read: Any) -> None:
    mapping = {
        **VISIT,
        "started_at": "Appel",
        "outcome": {"column": "Issue", "values": {"Reçu": "served", "Parti": "left"}},
    }
    content = "Émis;Appel;Fin;Bureau;Issue\n02/01/2024 09:00;09:05;;Titres;Reçu\n"
    found = totals(read(content, mapping))
    assert (found["served"], found["waits"], found.get("services", 0)) == (1, 1, 0)


def test_an_inspection_drafts_a_mapping_for_what_it_sees(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(
        (
            "Borne;Émis;Appel;Bureau\n"
            "B1;02/01/2024 09:00;09:05;Titres\n"
            "B1;02/01/2024 09:10;09:15;Titres\n"
            "B1;02/01/2024 09:20;09:25;Permis\n"
        ).encode("cp1252")
    )
    said = inspect(path, None, 0, None)
    assert "encoding cp1252, cut at ';'" in said
    # The whole is YAML: `inspect FILE > mapping.yaml` is a beginning.
    draft = yaml.safe_load(said)
    assert draft["file"] == {"encoding": "cp1252", "delimiter": ";", "header_rows": 1}
    assert draft["dates"] == ["%d/%m/%Y %H:%M", "%H:%M"]
    assert draft["issued_at"] == "Émis"
    assert draft["service"]["column"] == "Bureau"
    assert list(draft["service"]["values"]) == ["Titres", "Permis"]
