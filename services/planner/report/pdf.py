"""The report as PDF: A4, tagged for screen readers (PDF/UA), drawn by WeasyPrint."""

from __future__ import annotations

from importlib import import_module, resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from services.planner.report import charts
from services.planner.report.content import Absent, Cell, Table
from services.planner.report.document import (
    Document,
    closures,
    cover_lines,
    definitions,
    restated_by_table,
)
from services.planner.report.words import Words

DARKEST = 0.55
"""How far the busiest cell of a shaded table is filled; its text stays dark on it."""


DEBIAN_PACKAGES = (
    "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz0b libharfbuzz-subset0 libfontconfig1"
    " fonts-dejavu-core fonts-liberation"
)


class CannotDraw(Exception):
    """WeasyPrint or a library that it needs is missing; the message says what to install."""


def weasyprint() -> Any:
    """WeasyPrint, loaded. Raises CannotDraw."""
    try:
        return import_module("weasyprint")
    except (ImportError, OSError) as error:
        raise CannotDraw(
            f"WeasyPrint cannot be loaded ({error}); install its libraries"
            f" (Debian: {DEBIAN_PACKAGES}) and `pip install 'passage[report]'`,"
            " or leave pdf out: --format xlsx,csv"
        ) from None


def write_pdf(document: Document) -> bytes:
    """The PDF. Raises CannotDraw."""
    drawing = weasyprint()
    css = resources.files(__package__).joinpath("templates/report.css").read_text("utf-8")
    css = css.replace("$fonts", charts.FONTS)
    # Nothing is fetched from anywhere: all of it is in the text.
    nowhere = drawing.urls.URLFetcher(allowed_protocols=(), fail_on_errors=True)
    page = drawing.HTML(string=html(document), url_fetcher=nowhere)
    style = drawing.CSS(string=css, url_fetcher=nowhere)
    written: bytes = page.write_pdf(stylesheets=[style], pdf_variant="pdf/ua-1")
    return written


def html(document: Document) -> str:
    """The page that is drawn."""
    templates = Environment(
        loader=PackageLoader("services.planner.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    report, words = document.report, document.words
    shortest_s = next(iter(report.thresholds), None)
    return templates.get_template("report.html").render(
        document=document,
        words=words,
        say=words.say,
        language=words.language,
        cover=report.cover,
        sections=report.sections,
        period=words.period(report.cover.period),
        created=report.cover.extracted_at.isoformat(timespec="seconds"),
        cover_lines=cover_lines(document),
        closures=closures(document),
        definitions=definitions(document),
        restated=restated_by_table(document),
        draw=lambda bars: charts.chart(
            bars, words, document.colours, shortest_s / 60 if shortest_s else None
        ),
        zip=zip,
        kind_of=lambda cell: "absent" if isinstance(cell, Absent) else "",
        shade=_shade,
        is_flat=lambda table: len({line.level for line in table.lines} - {"total"}) < 2,
        heading=lambda table: _heading(table, words),
    )


def _heading(table: Table, words: Words) -> str:
    """What the first column of a table holds."""
    kinds = {line.key.partition(":")[0] for line in table.lines}
    for kind in ("piece", "hour", "device", "elsewhere", "site", "directorate"):
        if kind in kinds:
            return words.say("first", kind)
    return words.say("first", "other")


def _shade(table: Table, cell: Cell) -> Any:
    if not table.shaded or not isinstance(cell, int | float):
        return ""
    values = [one for line in table.lines for one in line.cells if isinstance(one, int | float)]
    share = cell / max(values) * DARKEST if max(values) else 0
    red, green, blue = (round(255 - (255 - full) * share) for full in (0, 0, 145))
    return Markup(f' style="background: rgb({red}, {green}, {blue})"')
