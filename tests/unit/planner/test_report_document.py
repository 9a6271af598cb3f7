"""The report's files: whole, readable by machines and screen readers, in both languages."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import openpyxl
import pypdf
import pytest

from dashboards.catalogue import LANGUAGES, Language
from services.planner.report import charts, files, pdf
from services.planner.report.content import Absent
from services.planner.report.document import Document
from services.planner.report.files import contents, write
from services.planner.report.flat import write_csv
from services.planner.report.pdf import CannotDraw, html, write_pdf
from services.planner.report.revision import Publication, digest, frozen, restated
from services.planner.report.sections.elsewhere import HandedIn
from services.planner.report.workbook import write_xlsx
from tests.unit.planner.report_made import (
    MONDAY,
    NOW,
    ORDINARY,
    counted,
    document_of,
    facts_of,
    report_of,
)


def revised(language: Language = "fr") -> Document:
    """A report of which a figure differs from what was published."""
    facts = facts_of([*ORDINARY, counted(MONDAY, "dmi", "sejour", 5)])
    figures = frozen(report_of(facts_of(ORDINARY)))
    publication = Publication(1, 1, NOW, NOW, True, digest(figures), figures)
    handed_in = [HandedIn("satisfaction", "<b>PAN</b>", 0.759, MONDAY, "Enquête & Cie")]
    report = report_of(facts, handed_in=handed_in)
    spans = {"now": facts.spans.now, "previous": None, "last_year": None}
    return document_of(report, language, publication, restated(report, publication, (), spans))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_is_there_in_every_format(language: Language) -> None:
    document = revised(language)
    made = contents(document, files.FORMATS)
    stem = f"passage-2025-W43-{language}"
    assert list(made) == [
        f"{stem}.pdf",
        f"{stem}.xlsx",
        f"{stem}.csv",
        f"{stem}-dictionary.csv",
    ]
    text = html(document)
    sheets = openpyxl.load_workbook(io.BytesIO(made[f"{stem}.xlsx"])).sheetnames
    for table in document.report.tables():
        title = document.words.say("table", table.key)
        # The cover says these two in other forms.
        if table.key not in ("summary", "closures"):
            assert f"<caption>{title}</caption>" in text.replace("&#39;", "'")
        assert any(title.replace("’", "")[:20] in sheet for sheet in sheets)
    assert f'<html lang="{language}">' in text
    assert "&lt;b&gt;PAN&lt;/b&gt;" in text


def test_the_pdf_is_tagged_and_fits_its_pages_in_the_widest_font(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A bare Debian has DejaVu alone, which is wider.
    drawn: list[Any] = []
    weasyprint = pdf.weasyprint()
    render = weasyprint.HTML.render

    def keep(self: Any, *arguments: Any, **options: Any) -> Any:
        drawn.append(render(self, *arguments, **options))
        return drawn[-1]

    monkeypatch.setattr(weasyprint.HTML, "render", keep)
    monkeypatch.setattr(charts, "FONTS", "DejaVu Sans")
    written = pypdf.PdfReader(io.BytesIO(write_pdf(revised())))
    root = written.trailer["/Root"]
    assert root["/Lang"] == "fr"
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert written.metadata is not None
    assert "Flux de passage" in str(written.metadata.title)
    assert len(written.pages) > 5
    for page in drawn[0].pages:
        for box in page._page_box.descendants():
            if getattr(box, "text", "").strip():
                assert box.position_x >= 0
                assert box.position_x + box.width <= page.width - 20, box.text


def test_every_csv_cell_has_a_state_and_only_figures_have_values() -> None:
    document = revised()
    rows = list(csv.DictReader(io.StringIO(write_csv(document).decode("utf-8-sig")), delimiter=";"))
    assert len(rows) == sum(1 for _ in document.report.cells())
    assert {row["state"] for row in rows} == {"figure", *(mark.value for mark in Absent)}
    assert all((row["value"] != "") == (row["state"] == "figure") for row in rows)
    changed = next(
        row
        for row in rows
        if (row["table"], row["line"], row["column"]) == ("flow", "directorate:dmi", "passages")
    )
    assert (changed["as_published"], changed["value"]) == ("120", "125")
    assert changed["cause"] == "calendrier ou référentiel modifié"


def test_xlsx_has_numbers_for_figures_and_text_for_marks() -> None:
    book = openpyxl.load_workbook(io.BytesIO(write_xlsx(revised())))
    sheet = next(one for one in book if one.title.startswith("1 Flux"))
    lines = {row[0]: row for row in sheet.iter_rows(values_only=True) if row[0]}
    assert lines["Ensemble"][1] == 168
    assert lines["Élections"][1] == "< 5*"
    assert lines["CERT – Titres"][1] == "s.o."


def test_inside_and_outside_have_different_names() -> None:
    report = report_of(facts_of(ORDINARY), internal=True)
    assert document_of(report).stem == "passage-2025-W43-fr-internal"
    assert "DOCUMENT INTERNE" in html(document_of(report))


def test_missing_libraries_are_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.setattr(pdf, "import_module", fail)
    with pytest.raises(CannotDraw, match=r"libpango.* or leave pdf out: --format xlsx,csv"):
        write_pdf(revised())


def test_files_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write(tmp_path / "new", {"a.csv": b"1", "b.csv": b"2"})
    (tmp_path / "new" / "mine.txt").write_text("stays")
    with pytest.raises(OSError, match="no/such"):
        write(tmp_path / "new", {"a.csv": b"changed", "no/such": b"3"})
    assert {file.name: file.read_text() for file in (tmp_path / "new").iterdir()} == {
        "a.csv": "1",
        "b.csv": "2",
        "mine.txt": "stays",
    }
