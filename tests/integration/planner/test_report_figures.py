"""Every figure of the report, made again from the raw events; then published, and restated."""

from __future__ import annotations

import ast
import csv
import io
import math
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pypdf
import pytest
from click.testing import CliRunner, Result

from schemas.events import DeviceStarted, Heartbeat
from schemas.registry import Registry
from services.planner.period import named
from services.planner.report.assemble import assemble
from services.planner.report.command import report
from services.planner.report.content import Absent, Report, unit_of
from services.planner.report.elsewhere_file import parse
from services.planner.report.read import read_facts
from services.planner.report.revision import FIGURE
from services.planner.report.spans import spans_of
from services.planner.report.words import Words
from services.planner.waits_command import waits
from services.simulator.stories import PlannedEvent
from tests import report_by_hand
from tests.recorded import record
from tests.report_by_hand.known import Between, Known, Span
from tests.report_by_hand.opening import Beat, Opening
from tests.report_by_hand.others import put_others
from tests.report_by_hand.people import put_people
from tests.report_by_hand.times import put_cover, put_times
from tests.report_by_hand.visits import visits_of
from tests.report_days import stretches

PERIOD = "2025-S2"
HOLIDAYS = {
    date(2025, 7, 14): "National Day",
    date(2025, 8, 15): "Assumption Day",
    date(2025, 11, 11): "Armistice Day",
    date(2025, 12, 25): "Christmas Day",
}
SPANS = {
    PERIOD: (Span(date(2025, 7, 1), date(2025, 12, 31)), Span(date(2025, 1, 1), date(2025, 6, 30))),
    "2025-10": (
        Span(date(2025, 10, 1), date(2025, 10, 31)),
        Span(date(2025, 9, 1), date(2025, 9, 30)),
    ),
    "2025-W43": (
        Span(date(2025, 10, 20), date(2025, 10, 26)),
        Span(date(2025, 10, 13), date(2025, 10, 19)),
    ),
}
"""Days of each period, and of the one before it."""
HANDED_IN = """indicator;scope;value;as_of;source
calls_received;;12 345;31/12/2025;Standard
calls_answered;;81,5 %;31/12/2025;Standard
complaint_delay;PAN;4,5;;Qualité
complaint_delay;;n.d.;;Qualité
satisfaction;;s.o.;;Enquête
"""


@pytest.fixture(scope="module")
def played(module_database: Any, registry: Registry) -> list[PlannedEvent]:
    """Recorded: the days of tests/report_days.py."""
    events: list[PlannedEvent] = []
    for stretch in stretches(registry):
        record(stretch, module_database)
        events += stretch.events
    return events


@pytest.fixture(scope="module")
def recorded(module_database: Any, played: list[PlannedEvent]) -> Any:
    return module_database


@pytest.fixture(scope="module")
def by_hand(
    recorded: Any, registry: Registry, played: list[PlannedEvent]
) -> Callable[[str], Known]:
    """The figures of a named period, without any of the tables that the report is read from."""
    beats = [
        Beat(one.site, one.device, one.occurred_at, one.fields["covers_s"])
        for one in played
        if one.event_class is Heartbeat
    ]
    events = recorded.rows(
        "SELECT event_id, visit_id, type, occurred_at, site, body FROM visit_event"
    )
    assert len(events) == sum(one.event_class not in (Heartbeat, DeviceStarted) for one in played)
    opening, visits = Opening(registry, HOLIDAYS, beats), visits_of(events)

    @cache
    def worked_out(name: str) -> Known:
        known = Known(registry, opening, visits, *SPANS[name], by_months=name == PERIOD)
        put_people(known)
        put_times(known)
        put_others(known, HANDED_IN)
        return known

    return worked_out


def made(database: Any, name: str = PERIOD, *, internal: bool) -> Report:
    period = named(name, "Europe/Paris")
    now = datetime.now(UTC)
    with psycopg.connect(database.reader) as reader:
        facts = read_facts(reader, spans_of(period, now.date()), now)
    handed_in = parse(HANDED_IN.encode())
    return assemble(facts, name, period, internal=internal, handed_in=handed_in)


@pytest.mark.parametrize("name", SPANS)
def test_every_cell_is_what_the_raw_events_give(
    recorded: Any, by_hand: Callable[[str], Known], name: str
) -> None:
    known = by_hand(name)
    report = made(recorded, name, internal=True)
    cells = {tuple(address): cell for address, _, _, cell in report.cells()}
    # Each cell of each table, and no other: a table that is not made by hand fails here.
    assert cells.keys() == known.figures.keys()
    wrong = [
        (at, cell, known.figures[at])
        for at, cell in cells.items()
        if not is_same(cell, known.figures[at])
    ]
    assert not wrong
    cover = report.cover
    assert put_cover(known) == {
        "open_days": cover.open_days,
        "seen_days": cover.seen_days,
        "comparable_days": cover.comparable_days,
        "coverage": pytest.approx(cover.coverage, rel=1e-12),
    }
    # All of it is older than any device may still deliver.
    assert cover.is_over
    assert cover.is_final
    charts = [chart for section in report.sections for chart in section.charts]
    assert {chart.key for chart in charts} == {"flow", "series", "waits"}
    for chart in charts:
        for group, bars in chart.groups:
            for key, cell in bars:
                line, column = (key, group) if chart.key == "series" else (group, key)
                assert is_same(cell, known.figures[chart.key, line, column])


def test_what_everybody_may_see_is_the_same_or_hidden(
    recorded: Any, by_hand: Callable[[str], Known]
) -> None:
    known = by_hand(PERIOD)
    shown = {tuple(one): cell for one, _, _, cell in made(recorded, internal=False).cells()}
    hidden = {at for at, cell in shown.items() if cell is Absent.SUPPRESSED}
    assert 0 < len(hidden) < len(shown) / 2
    assert shown.keys() == known.figures.keys()
    assert not [
        at
        for at, cell in shown.items()
        if at not in hidden and not is_same(cell, known.figures[at])
    ]


def test_every_figure_of_the_files_is_what_the_raw_events_give(
    recorded: Any, by_hand: Callable[[str], Known], tmp_path: Path
) -> None:
    known = by_hand(PERIOD)
    handed_in = tmp_path / "elsewhere.csv"
    handed_in.write_text(HANDED_IN)
    arguments = ("--internal", "--lang", "en", "--format", "csv,xlsx")
    ask(recorded, tmp_path, "--elsewhere", str(handed_in), *arguments)
    stem = f"passage-{PERIOD}-en-internal"
    text = (tmp_path / f"{stem}.csv").read_text("utf-8-sig")
    rows = {
        (one["table"], one["line"], one["column"]): one for one in csv.DictReader(io.StringIO(text))
    }
    assert rows.keys() == known.figures.keys()
    assert not [at for at, row in rows.items() if not is_written(row, known.figures[at])]

    book = openpyxl.load_workbook(tmp_path / f"{stem}.xlsx")
    sheets = [[list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book]
    in_sheets = Counter(cell for rows in sheets for row in rows for cell in row[1:])
    for at, row in rows.items():
        if row["state"] == FIGURE and row["unit"] not in ("text", "day", "hour"):
            value = float(row["value"])
            assert any(
                math.isclose(value, cell, abs_tol=1e-6)
                for cell in in_sheets
                if isinstance(cell, int | float)
            ), at


def is_same(cell: Any, figure: Any) -> bool:
    """Whether a cell of the report is the figure that was made by hand."""
    if isinstance(cell, Absent):
        return bool(cell.value == figure)
    if isinstance(figure, Between):
        return figure.low <= cell <= figure.high
    if isinstance(figure, float) and isinstance(cell, int | float):
        return math.isclose(cell, figure, rel_tol=1e-9, abs_tol=1e-9)
    return bool(cell == figure)


def is_written(row: dict[str, str], figure: Any) -> bool:
    """The same of a line of the CSV: rounded to six decimals."""
    if row["state"] != FIGURE:
        return bool(row["state"] == figure)
    if isinstance(figure, Between):
        return figure.low - 1e-6 <= float(row["value"]) <= figure.high + 1e-6
    if isinstance(figure, int | float):
        return math.isclose(float(row["value"]), figure, abs_tol=1e-6)
    return row["value"] == (figure.isoformat() if isinstance(figure, date) else figure)


def test_what_is_made_by_hand_shares_no_code_with_what_it_holds_to_account() -> None:
    (folder,) = report_by_hand.__path__
    imported = {
        name
        for file in Path(folder).glob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [one.name for one in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    ours = {
        name for name in imported if name.split(".")[0] in ("schemas", "services", "dashboards")
    }
    assert ours == {"schemas.registry"}


def test_what_was_not_seen_is_told_apart_from_what_did_not_happen(recorded: Any) -> None:
    shown = made(recorded, internal=False)
    tables = {table.key: table for table in shown.tables()}
    assert tables["open"].cell("site:creteil-pan", "open_days") == 128
    assert tables["open"].cell("site:creteil-pan", "seen_days") == 15
    assert tables["series"].cell("piece:2025-07", "passages") is Absent.MISSING
    assert tables["flow"].cell("directorate:cert", "passages") is Absent.NOT_APPLICABLE
    assert tables["flow"].cell("directorate:ddpp", "share") != 0
    assert tables["elsewhere"].cell("elsewhere:complaint_delay", "value") is Absent.MISSING
    # Of 128 days of 7 hours 15 were recorded, less a silent one here and a lost one there.
    for site in ("creteil-pan", "creteil-accueil"):
        assert tables["gaps"].cell(f"site:{site}", "hours_unheard") == (128 - 15 + 1) * 7
    # What is received at one site only is not zero where that site was lost.
    by_day = {table.key: table for table in made(recorded, "2025-10", internal=True).tables()}
    assert by_day["series"].cell("piece:2025-10-29", "directorate:ddets") is Absent.MISSING
    assert by_day["series"].cell("piece:2025-10-29", "directorate:dmi") > 0
    assert by_day["series"].cell("piece:2025-10-25", "directorate:ddets") is Absent.NOT_APPLICABLE
    counts = [
        cell
        for address, _, column, cell in shown.cells()
        if column.unit == "count" and address.table in ("flow", "channels", "outcomes", "sites")
    ]
    assert Absent.SUPPRESSED in counts
    assert all(isinstance(cell, Absent) or cell == 0 or cell >= 5 for cell in counts)


def test_a_published_report_stays_and_a_later_one_says_what_changed_and_why(
    recorded: Any, tmp_path: Path
) -> None:
    unpublished = run(recorded, "--period", PERIOD, "--revisions").stdout
    assert unpublished == "Nothing was published of 2025-S2.\n"
    assert "revision 1" in ask(recorded, tmp_path, "--publish", "--format", "csv,xlsx")
    as_it_was = (tmp_path / f"passage-{PERIOD}-fr.csv").read_bytes()
    sheets_as_they_were = sheets(tmp_path / f"passage-{PERIOD}-fr.xlsx")
    again = ask(recorded, tmp_path, "--publish", "--format", "csv")
    assert "revision 1 of 2025-S2 stands" in again
    first = (tmp_path / f"passage-{PERIOD}-fr.csv").read_text("utf-8-sig")
    assert not any(row["cause"] for row in cells(first).values())

    came_late(recorded)
    ask(recorded, tmp_path, "--format", "csv,pdf")
    later = cells((tmp_path / f"passage-{PERIOD}-fr.csv").read_text("utf-8-sig"))
    changed = later["flow", "directorate:dcl", "passages"]
    assert int(changed["value"]) == int(changed["as_published"]) + 7
    assert changed["cause"] == "message reçu tard"
    assert later["flow", "directorate:dmi", "passages"]["cause"] == ""
    text = pages(tmp_path / f"passage-{PERIOD}-fr.pdf")
    assert "Chiffres révisés depuis la publication" in text
    assert "message reçu tard" in text

    published = recorded.rows(
        "SELECT in_table, line, in_column, state, value FROM published_figures"
    )
    assert ask(recorded, tmp_path, "--publish", "--format", "csv").startswith(
        "Published 2025-S2 as revision 2."
    )
    # Whatever became known since: the first revision is written again as it was.
    listed = run(recorded, "--revisions").stdout
    assert [line.partition(": ")[0] for line in listed.splitlines()] == [
        "2025-S2 revision 1",
        "2025-S2 revision 2",
    ]
    old = tmp_path / "old"
    ask(recorded, old, "--revision", "1", "--format", "csv,xlsx")
    assert (old / f"passage-{PERIOD}-fr.csv").read_bytes() == as_it_was
    assert sheets(old / f"passage-{PERIOD}-fr.xlsx") == sheets_as_they_were
    ask(recorded, old, "--revision", "2", "--format", "csv")
    assert (old / f"passage-{PERIOD}-fr.csv").read_bytes() != as_it_was
    kept = recorded.rows(
        "SELECT in_table, line, in_column, state, value FROM published_figures WHERE revision = 1"
    )
    assert sorted(kept, key=str) == sorted(published, key=str)
    with psycopg.connect(recorded.writer) as writer, pytest.raises(psycopg.errors.RaiseException):
        writer.execute("UPDATE published_figure SET value = '0'")


def test_the_files_say_the_same_in_every_format(recorded: Any, tmp_path: Path) -> None:
    handed_in = tmp_path / "elsewhere.csv"
    handed_in.write_text(HANDED_IN)
    ask(recorded, tmp_path, "--elsewhere", str(handed_in))
    names = {f"passage-{PERIOD}-fr{end}" for end in (".pdf", ".xlsx", ".csv", "-dictionary.csv")}
    assert {file.name for file in tmp_path.iterdir()} == names | {"elsewhere.csv"}

    found = cells((tmp_path / f"passage-{PERIOD}-fr.csv").read_text("utf-8-sig"))
    passages = int(found["flow", "total", "passages"]["value"])
    shown = f"{passages:,}".replace(",", " ")
    text = pages(tmp_path / f"passage-{PERIOD}-fr.pdf")
    assert shown in text
    # The PDF has each line of each table, cell by cell.
    report = made(recorded, internal=False)
    words = Words("fr", report.names, "Europe/Paris")
    for table in report.tables():
        form = "{} – {} ({})" if table.key == "closures" else " ".join(["{}"] * len(table.columns))
        for line in table.lines:
            said = form.format(
                *(
                    words.cell(cell, unit_of(line, column), estimated=column.estimated)
                    for column, cell in zip(table.columns, line.cells, strict=True)
                )
            )
            assert " ".join(said.split()) in text
    book = openpyxl.load_workbook(tmp_path / f"passage-{PERIOD}-fr.xlsx")
    sheet = next(one for one in book if one.title.startswith("1 Flux"))
    total = next(row for row in sheet.iter_rows(values_only=True) if row[0] == "Ensemble")
    assert total[1] == passages
    assert any(cell == "s.o." for row in sheet.iter_rows(values_only=True) for cell in row)
    dictionary = (tmp_path / f"passage-{PERIOD}-fr-dictionary.csv").read_text("utf-8-sig")
    explained = {(row["table"], row["column"]) for row in reader(dictionary)}
    assert {(table, column) for table, _, column in found} <= explained
    assert all(row["definition"] for row in reader(dictionary))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--period", "2025-S3"), "is no period"),
        (("--period", "2090"), "lies in the future"),
        (("--period", "2019-S1"), "nothing is recorded of"),
        (("--period", PERIOD, "--internal", "--publish"), "leave --internal out"),
        (("--period", PERIOD, "--format", "odt"), "none of pdf, xlsx, csv"),
        (("--period", PERIOD, "--revision", "9"), "2025-S2 has no revision 9; there are 1, 2"),
        (("--period", "2025-10", "--revision", "1"), "nothing was published of it"),
        (("--period", PERIOD, "--revision", "1", "--publish"), "what was published and nothing"),
        (("--publish",), "--period says of which period"),
    ],
)
def test_a_wrong_question_ends_with_2_and_writes_nothing(
    recorded: Any, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = run(recorded, *arguments, "--output", str(tmp_path / "new"))
    assert done.exit_code == 2
    assert says in done.stderr
    assert not (tmp_path / "new").exists()


def sheets(file: Path) -> list[list[tuple[Any, ...]]]:
    return [list(sheet.iter_rows(values_only=True)) for sheet in openpyxl.load_workbook(file)]


def came_late(database: Any) -> None:
    """Seven passages are added to a quarter that had been final, as a late message does it."""
    at = datetime(2025, 10, 21, 8, tzinfo=UTC)
    with psycopg.connect(database.owner) as owner:
        owner.execute(
            "UPDATE footfall_day SET passages = passages + 7, persons = persons + 7"
            " WHERE local_date = '2025-10-21' AND site = 'creteil-accueil'"
            " AND service = 'titres' AND channel = 'kiosk'"
        )
        owner.execute(
            "INSERT INTO restatement"
            " (bucket_start, site, directorate, service, channel, cause, changes) VALUES"
            " (%s, 'creteil-accueil', 'dcl', 'titres', 'kiosk', 'late_event', '{\"passages\": 7}')",
            [at],
        )


def ask(database: Any, folder: Path, *arguments: str) -> str:
    done = run(database, "--period", PERIOD, "--output", str(folder), *arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def run(database: Any, *arguments: str) -> Result:
    roles = {
        "PASSAGE_DATABASE_READER": database.reader,
        "PASSAGE_DATABASE_WRITER": database.writer,
    }
    return CliRunner(env=roles).invoke(report, arguments)


def reader(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


def cells(text: str) -> dict[tuple[str, str, str], dict[str, str]]:
    return {(row["table"], row["line"], row["column"]): row for row in reader(text)}


def pages(file: Path) -> str:
    """The text of all pages, each run of spaces as one."""
    found = pypdf.PdfReader(file).pages
    assert len(found) > 1
    return " ".join(" ".join(page.extract_text() for page in found).split())


def test_who_was_never_called_is_said_to_be_known_for_as_long_as_visits_are(recorded: Any) -> None:
    answers = CliRunner(env={"PASSAGE_DATABASE_READER": recorded.reader})
    done = answers.invoke(waits, ["--period", "2025-10"])
    assert done.exit_code == 0
    assert "as far back as visits are kept (90 days by default)" in done.stdout
