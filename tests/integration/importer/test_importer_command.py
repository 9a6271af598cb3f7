"""Exports of an older system become figures: once, whole, known, and expected by the audit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from schemas.registry import Device, Registry
from services.importer.command import import_
from services.provision import registry as provision_registry
from tests.conftest import PROJECT
from tests.pipeline import audit_findings

EXAMPLES = PROJECT / "docs" / "examples" / "import"
TICKETS, HOURS = EXAMPLES / "tickets.csv", EXAMPLES / "hours.csv"
GOES_LIVE = date(2026, 1, 5)


def with_old_systems(registry: Registry, goes_live: date = GOES_LIVE) -> Registry:
    """The shipped registry, with what recorded before its kiosks did."""
    old = [
        Device(
            code=code,
            site="creteil-accueil",
            kind="kiosk",
            valid_from=valid_from,
            valid_to=valid_to,
        )
        for code, valid_from, valid_to in (
            ("acc-comptage", date(2023, 1, 1), date(2024, 1, 1)),
            ("acc-ancien", date(2024, 1, 1), goes_live),
        )
    ]
    devices = [one.model_copy(update={"valid_from": goes_live}) for one in registry.devices]
    return registry.model_copy(update={"devices": (*devices, *old)})


Import = Callable[..., Result]


@pytest.fixture
def old_hall(database: Any, registry: Registry) -> Any:
    provision_registry.load(database.owner, with_old_systems(registry), datetime.now(UTC).date())
    return database


@pytest.fixture
def run(old_hall: Any) -> Import:
    def run_import(*arguments: object, code: int = 0) -> Result:
        result = CliRunner().invoke(
            import_,
            [str(one) for one in arguments],
            env={"PASSAGE_DATABASE_WRITER": old_hall.writer},
        )
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return run_import


def tickets(run: Import, *more: object, file: Path = TICKETS, code: int = 0) -> Result:
    return run(file, "--mapping", EXAMPLES / "tickets.yaml", *more, code=code)


def hours(run: Import, *more: object, file: Path = HOURS, code: int = 0) -> Result:
    return run(file, "--mapping", EXAMPLES / "hours.yaml", *more, code=code)


def daily(database: Any) -> list[tuple[Any, ...]]:
    return database.rows(
        'SELECT local_date::text, service, passages, served, no_show, "left", waits, wait_ms / 1000'
        " FROM footfall_daily WHERE passages <> 0 ORDER BY local_date, service"
    )


def everything(database: Any) -> dict[str, list[Any]]:
    """All that an import may touch."""
    orders = {"footfall": "1, 2, 3, 4, 5", "footfall_day": "1, 2, 3, 4, 5"}
    orders |= {"footfall_wait": "1, 2, 3, 4, 5, 6, 7", "coverage": "1, 2, 3"}
    orders |= {"imported_day": "1, 2", "imported_bucket": "1, 2, 3, 4, 5, 6", "restatement": "1"}
    orders |= {"device_boot": "1, 2", "changed": "1"}
    return {
        table: database.rows(f"SELECT * FROM {table} ORDER BY {order}")
        for table, order in orders.items()
    }


TICKET_DAYS = [
    ("2024-01-02", "permis", 1, 1, 0, 0, 1, 435),
    ("2024-01-02", "titres", 4, 2, 1, 1, 3, 510 + 1050 + 720),
    ("2024-02-05", "permis", 1, 1, 0, 0, 1, 360),
    ("2024-02-05", "titres", 1, 1, 0, 0, 1, 240),
]


def test_tickets_are_counted_as_the_file_says(run: Import, old_hall: Any) -> None:
    before = everything(old_hall)
    dry = tickets(run, "--dry-run")
    assert "Nothing was changed." in dry.output
    assert everything(old_hall) == before

    done = tickets(run)
    assert "the same again, counted once" in done.output
    assert daily(old_hall) == TICKET_DAYS
    # 09:02:10 in Paris is in the quarter from 08:00 UTC.
    assert (
        old_hall.value(
            "SELECT passages FROM footfall WHERE bucket_start = '2024-01-02 08:00+00'"
            " AND service = 'titres'"
        )
        == 2
    )
    assert old_hall.rows(
        "SELECT local_date::text, services, service_ms / 1000 FROM footfall_day"
        " WHERE service = 'titres' ORDER BY 1"
    ) == [("2024-01-02", 2, 625 + 660), ("2024-02-05", 1, 450)]
    assert audit_findings(old_hall) == []
    # Nobody's live board is told of it.
    assert old_hall.rows("SELECT * FROM changed WHERE kind = 'bucket'") == []


def test_hours_are_counted_as_the_file_says(run: Import, old_hall: Any) -> None:
    hours(run)
    assert old_hall.rows(
        "SELECT local_label, service, channel, passages, persons, served FROM footfall_hourly"
        " WHERE hour_start > '2020-01-01'::timestamptz ORDER BY hour_start, service"
    ) == [
        ("2023-01-02 09:00+01:00", "courrier", "reception", 1234, 1234, 1100),
        ("2023-01-02 09:00+01:00", "titres", "reception", 10, 10, 9),
        ("2023-01-03 09:00+01:00", "titres", "reception", 7, 7, 7),
        ("2023-02-06 15:00+01:00", "titres", "reception", 4, 4, 3),
    ]
    assert audit_findings(old_hall) == []


def test_imported_hours_are_known_and_final(run: Import, old_hall: Any) -> None:
    hours(run)
    rows = old_hall.rows(
        "SELECT local_label, coverage, status FROM hour_status WHERE site = 'creteil-accueil'"
        " AND local_date IN ('2023-01-03', '2023-01-04') AND open_minutes > 0 ORDER BY hour_start"
    )
    assert {row[1:] for row in rows if "01-03" in row[0]} == {(1.0, "final")}
    # Of a day without a row nothing is known: it is no day of zeros.
    assert {row[1] for row in rows if "01-04" in row[0]} == {0.0}
    assert len(rows) == 14


def test_twice_changes_nothing(run: Import, old_hall: Any) -> None:
    tickets(run)
    before = everything(old_hall)
    again = tickets(run)
    assert "nothing to change" in again.output
    after = everything(old_hall)
    for volatile in ("device_boot", "changed"):
        del before[volatile], after[volatile]
    assert after == before


def test_a_corrected_file_replaces_what_the_source_gave(
    run: Import, old_hall: Any, tmp_path: Path
) -> None:
    tickets(run)
    lines = TICKETS.read_bytes().decode("cp1252").splitlines()
    # A no-show came after all, and the second day was a test.
    corrected = [
        line.replace(";;Absent", ";09:30:00;Reçu") for line in lines if "05/02" not in line
    ]
    corrected.append("B1;T009;Permis;05/03/2024 10:00:00;;;Parti")
    file = tmp_path / "tickets.csv"
    file.write_bytes("\n".join(corrected).encode("cp1252"))
    tickets(run, file=file)
    assert daily(old_hall) == [
        TICKET_DAYS[0],
        ("2024-01-02", "titres", 4, 3, 0, 1, 3, 510 + 1050 + 720),
        ("2024-03-05", "permis", 1, 0, 0, 1, 0, 0),
    ]
    assert audit_findings(old_hall) == []
    assert old_hall.rows(
        "SELECT DISTINCT cause, bucket_start::date::text FROM restatement ORDER BY 2"
    ) == [("import", "2024-01-02"), ("import", "2024-02-05")]
    assert (
        old_hall.value("SELECT count(*) FROM coverage WHERE bucket_start::date = '2024-02-05'") == 0
    )


def test_a_file_of_another_name_replaces_only_when_told(
    run: Import, old_hall: Any, tmp_path: Path
) -> None:
    tickets(run)
    other = tmp_path / "other.csv"
    other.write_bytes(TICKETS.read_bytes().replace(b";;Absent", b";;Parti"))
    refused = tickets(run, file=other, code=2)
    assert "--replace" in refused.output
    assert daily(old_hall) == TICKET_DAYS
    tickets(run, "--replace", file=other)
    assert daily(old_hall)[1][4:6] == (0, 2)


def test_undo_leaves_nothing(run: Import, old_hall: Any) -> None:
    hours(run)
    kept = daily(old_hall)
    tickets(run)
    listed = run("list").output
    assert "acc-ancien" in listed
    assert "tickets.csv" in listed
    run("undo", "acc-ancien", "--dry-run")
    assert len(daily(old_hall)) == len(kept) + len(TICKET_DAYS)
    run("undo", "acc-ancien")
    assert daily(old_hall) == kept
    assert old_hall.rows("SELECT * FROM coverage WHERE device = 'acc-ancien'") == []
    assert "acc-ancien" not in run("list").output
    assert audit_findings(old_hall) == []
    assert "Nothing of acc-ancien" in run("undo", "acc-ancien").output


def test_an_interrupted_import_leaves_whole_months_and_goes_on(
    old_hall: Any, run: Import, eventually: Any
) -> None:
    arguments = ["import", str(TICKETS), "--mapping", str(EXAMPLES / "tickets.yaml")]
    with psycopg.connect(old_hall.owner) as blocking:
        # Whoever comes to February has to wait for this row.
        blocking.execute(
            "WITH run AS (INSERT INTO import_run (source, site, files, mapping, rows_read,"
            " rows_bad, first_date, last_date) VALUES ('acc-ancien', 'x', '[]', '{}', 0, 0,"
            " '2024-02-05', '2024-02-05') RETURNING import_id) INSERT INTO imported_day"
            " SELECT 'acc-ancien', '2024-02-05', 'x', 'x', import_id FROM run"
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "services", *arguments],
            env={**os.environ, "PASSAGE_DATABASE_WRITER": old_hall.writer},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Whoever runs tests in the background may have them ignore it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        try:
            eventually(
                lambda: old_hall.value(
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted"
                )
            )
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=30)
        finally:
            process.kill()
        blocking.rollback()
    assert process.returncode == 130, said
    assert "run the same again" in said
    assert daily(old_hall) == TICKET_DAYS[:2]
    assert audit_findings(old_hall) == []
    assert "interrupted" in run("list").output

    tickets(run)
    assert daily(old_hall) == TICKET_DAYS
    assert "interrupted" not in run("list").output
    assert audit_findings(old_hall) == []


def test_days_that_the_pipeline_counted_are_refused(run: Import, old_hall: Any) -> None:
    with psycopg.connect(old_hall.owner) as owner:
        owner.execute(
            "INSERT INTO footfall_day (local_date, site, directorate, service, channel, passages)"
            " VALUES ('2024-02-05', 'creteil-accueil', 'sgcd', 'courrier', 'kiosk', 3)"
        )
    refused = tickets(run, code=2)
    assert "2024-02-05" in refused.output
    assert "counted twice" in refused.output
    assert old_hall.value("SELECT count(*) FROM footfall") == 0


def test_devices_that_should_have_recorded_too_are_named(
    run: Import, old_hall: Any, registry: Registry
) -> None:
    provision_registry.load(
        old_hall.owner,
        with_old_systems(registry, date(2024, 2, 1)),
        datetime.now(UTC).date(),
    )
    refused = tickets(run, code=2)
    assert "2024-02-05 lie" in refused.output.replace("\n", " ")
    provision_registry.load(
        old_hall.owner,
        with_old_systems(registry).model_copy(
            update={"devices": (*registry.devices, *with_old_systems(registry).devices[-2:])}
        ),
        datetime.now(UTC).date(),
    )
    assert "acc-borne-1" in tickets(run, code=2).output
    tickets(run, "--partly-covered")


def test_a_mapping_with_an_unknown_code_says_what_was_meant(run: Import, tmp_path: Path) -> None:
    mapping = tmp_path / "wrong.yaml"
    text = (EXAMPLES / "tickets.yaml").read_text()
    mapping.write_text(text.replace(": titres", ": titre"))
    assert "did you mean 'titres'" in run(TICKETS, "--mapping", mapping, code=2).output
    mapping.write_text(text.replace("acc-ancien", "acc-vieux"))
    assert "no device of the registry" in run(TICKETS, "--mapping", mapping, code=2).output


def test_bad_rows_stop_an_import_unless_told(run: Import, old_hall: Any, tmp_path: Path) -> None:
    file = tmp_path / "tickets.csv"
    file.write_bytes(TICKETS.read_bytes().replace(b"05/02/2024 10:14:00", b"31/02/2024 10:14:00"))
    refused = tickets(run, file=file, code=2)
    assert "tickets.csv:10" in refused.output
    assert daily(old_hall) == []
    tickets(run, "--skip-bad-rows", file=file)
    assert daily(old_hall) == [*TICKET_DAYS[:2], TICKET_DAYS[3]]
    assert old_hall.value("SELECT rows_bad FROM import_run") == 1
