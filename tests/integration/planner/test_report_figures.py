"""Every figure of the report, made again from the raw events; then published, and restated."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pypdf
import pytest
from click.testing import CliRunner, Result

from schemas.events import Heartbeat
from schemas.registry import Registry
from services.planner.period import named
from services.planner.report.assemble import assemble
from services.planner.report.command import report
from services.planner.report.content import Absent, Report
from services.planner.report.read import read_facts
from services.planner.report.spans import spans_of
from services.simulator.simulation import Simulation, generate
from tests.recorded import record
from tests.report_by_hand import ByHand, visits_of

PERIOD = "2025-S2"
FORTNIGHT = date(2025, 10, 20)
"""Two weeks with the night between them in which the clock goes back."""
YEAR_BEFORE = date(2024, 10, 21)
"""The same Monday of the same ISO week."""
HALF_BEFORE = date(2025, 5, 5)
SILENT = ("creteil-pan", FORTNIGHT + timedelta(days=2))
HOLIDAYS = frozenset({date(2025, 7, 14), date(2025, 8, 15), date(2025, 11, 11), date(2025, 12, 25)})

WITHIN_2_PERCENT = ("p50_wait", "p90_wait")
NOT_FROM_EVENTS = ("open", "absent", "gaps", "silences", "elsewhere")
"""Tables of the calendar, of devices, and of others: tested for themselves."""


@pytest.fixture(scope="module")
def recorded(module_database: Any, registry: Registry) -> Any:
    """A fortnight, a day of the half year before, and one of the year before."""
    for first, days in ((YEAR_BEFORE, 1), (HALF_BEFORE, 1), (FORTNIGHT, 12)):
        simulation = generate(registry, first, days, seed=11, scale=0.1)
        record(without_heartbeats(simulation), module_database)
    return module_database


def without_heartbeats(simulation: Simulation) -> Simulation:
    site, day = SILENT
    events = (
        event
        for event in simulation.events
        if not (
            event.event_class is Heartbeat
            and event.site == site
            and event.occurred_at.date() == day
        )
    )
    return replace(simulation, events=tuple(events))


@pytest.fixture(scope="module")
def by_hand(recorded: Any, registry: Registry) -> ByHand:
    def visits(first: date, last: date) -> Any:
        return visits_of(
            recorded.rows(
                "SELECT visit_id, type, occurred_at, site, body FROM visit_event"
                " WHERE (occurred_at AT TIME ZONE 'Europe/Paris')::date"
                " BETWEEN %(first)s AND %(last)s",
                first=first,
                last=last,
            )
        )

    worked = ByHand(
        registry,
        visits(FORTNIGHT, FORTNIGHT + timedelta(days=11)),
        visits(HALF_BEFORE, HALF_BEFORE),
        visits(YEAR_BEFORE, YEAR_BEFORE),
        HOLIDAYS,
        frozenset({SILENT}),
    )
    worked.work_out()
    return worked


def made(database: Any, *, internal: bool) -> Report:
    period = named(PERIOD, "Europe/Paris")
    now = datetime.now(UTC)
    with psycopg.connect(database.reader) as reader:
        facts = read_facts(reader, spans_of(period, now.date()), now)
    return assemble(facts, PERIOD, period, internal=internal)


def test_every_figure_is_what_the_raw_events_give(recorded: Any, by_hand: ByHand) -> None:
    wrong, checked = [], set()
    for address, _, _, cell in made(recorded, internal=True).cells():
        if address.table in NOT_FROM_EVENTS or isinstance(cell, Absent):
            continue
        is_quantile = {address.line, address.column} & set(WITHIN_2_PERCENT)
        # Nobody came in an hour that the raw events do not have.
        default = 0 if address.table == "profile" else None
        expected = by_hand.figures.get(address, default)
        if not is_same(cell, expected, 0.02 if is_quantile else 0):
            wrong.append((address, cell, expected))
        checked.add(tuple(address))
    assert not wrong
    assert len(checked) > 500
    # And the report leaves out nothing that the events give.
    assert {address for address, figure in by_hand.figures.items() if figure} <= checked


def is_same(cell: Any, expected: Any, tolerance: float) -> bool:
    if not isinstance(cell, int | float) or not isinstance(expected, int | float):
        return bool(cell == expected)
    # A wait of less than a second is 0.
    absolute = 1 / 60 if tolerance else 1e-9
    return abs(cell - expected) <= tolerance * abs(expected) + absolute


def test_what_was_not_seen_is_told_apart_from_what_did_not_happen(recorded: Any) -> None:
    shown = made(recorded, internal=False)
    tables = {table.key: table for table in shown.tables()}
    assert tables["open"].cell("site:creteil-pan", "open_days") == 128
    assert tables["open"].cell("site:creteil-pan", "seen_days") == 10
    assert tables["series"].cell("piece:2025-07", "passages") is Absent.MISSING
    assert tables["flow"].cell("directorate:cert", "passages") is Absent.NOT_APPLICABLE
    assert tables["flow"].cell("directorate:ddpp", "share") != 0
    assert tables["elsewhere"].cell("elsewhere:satisfaction", "value") is Absent.MISSING
    # The silent day of one site, beside the days that nobody recorded anywhere.
    unheard = {
        site: tables["gaps"].cell(f"site:{site}", "hours_unheard")
        for site in ("creteil-pan", "creteil-accueil")
    }
    assert unheard["creteil-pan"] - unheard["creteil-accueil"] == 7
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
    assert "revision 1" in ask(recorded, tmp_path, "--publish", "--format", "csv")
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
    kept = recorded.rows(
        "SELECT in_table, line, in_column, state, value FROM published_figures WHERE revision = 1"
    )
    assert sorted(kept, key=str) == sorted(published, key=str)
    with psycopg.connect(recorded.writer) as writer, pytest.raises(psycopg.errors.RaiseException):
        writer.execute("UPDATE published_figure SET value = '0'")


def test_the_files_say_the_same_in_every_format(recorded: Any, tmp_path: Path) -> None:
    handed_in = tmp_path / "elsewhere.csv"
    handed_in.write_text(
        "indicator;scope;value;as_of;source\ncalls_received;;12 345;31/12/2025;Standard\n"
    )
    ask(recorded, tmp_path, "--elsewhere", str(handed_in))
    names = {f"passage-{PERIOD}-fr{end}" for end in (".pdf", ".xlsx", ".csv", "-dictionary.csv")}
    assert {file.name for file in tmp_path.iterdir()} == names | {"elsewhere.csv"}

    found = cells((tmp_path / f"passage-{PERIOD}-fr.csv").read_text("utf-8-sig"))
    passages = int(found["flow", "total", "passages"]["value"])
    shown = f"{passages:,}".replace(",", " ")
    text = pages(tmp_path / f"passage-{PERIOD}-fr.pdf")
    assert shown in text
    assert "12 345" in text
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
    ],
)
def test_a_wrong_question_ends_with_2_and_writes_nothing(
    recorded: Any, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = run(recorded, *arguments, "--output", str(tmp_path / "new"))
    assert done.exit_code == 2
    assert says in done.stderr
    assert not (tmp_path / "new").exists()


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
