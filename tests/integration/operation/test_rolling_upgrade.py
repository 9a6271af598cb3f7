"""deploy/README.md, "Upgrade": from the release with eight migrations, while everything runs."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import as_file
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from kafka import KafkaAdminClient

from schemas.registry import Registry
from services.audit.__main__ import rebuild
from services.doctor.__main__ import doctor
from services.provision import database as provision_database
from services.provision import registry as provision_registry
from services.provision.files import SQL, read_migrations
from services.simulator.simulation import Simulation, generate
from tests.conftest import PROJECT
from tests.events import last_monday
from tests.pipeline import Pipeline, audit_findings, counted, messages_of, true
from tests.recorded import record

PREVIOUS = 8
"""Migrations of the release before the stored days, the live picture and the imports."""
WRITTEN_THEN = (
    *("visit_event", "event_seen", "visit", "footfall", "footfall_wait", "coverage"),
    *("device_boot", "dead_letter", "restatement"),
)
UNDER_WAY = "site = 'creteil-accueil'"
"""Buckets of the transaction that the older worker has not committed yet."""

Connection = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def simulation(registry: Registry) -> Simulation:
    return generate(registry, last_monday(), 1, seed=4, scale=0.05)


@pytest.fixture
def older(empty_database_urls: Any, registry: Registry, tmp_path: Path) -> Any:
    """A database as the previous release made it; it had no view that is still the same."""
    folder = tmp_path / "sql"
    with as_file(SQL / "migrations") as shipped:
        shutil.copytree(shipped, folder / "migrations")
    for migration in read_migrations(folder / "migrations")[PREVIOUS:]:
        (folder / "migrations" / migration.path).unlink()
    provision_database.apply(_urls(empty_database_urls), sql_folder=folder)
    provision_registry.load(empty_database_urls.owner, registry, datetime.now(UTC).date())
    return empty_database_urls


def _urls(database: Any) -> provision_database.DatabaseUrls:
    return provision_database.DatabaseUrls(
        database.owner, database.writer, database.reader, database.admin
    )


def copy(source: Connection, target: Connection, table: str, where: str = "true") -> None:
    rows = f"COPY (SELECT * FROM {table} WHERE {where}) TO STDOUT (FORMAT binary)"
    with (
        source.cursor().copy(rows) as leaving,
        target.cursor().copy(f"COPY {table} FROM STDIN (FORMAT binary)") as arriving,
    ):
        for block in leaving:
            arriving.write(block)


def test_the_database_is_upgraded_under_a_worker_and_a_reader_and_counts_stay_true(
    pipeline: Pipeline, older: Any, simulation: Simulation, eventually: Any
) -> None:
    # The first half of the day, as rows of the tables that there were.
    half = replace(simulation, events=simulation.events[: len(simulation.events) // 2])
    record(half, pipeline.database)
    with (
        psycopg.connect(pipeline.database.owner) as recorded,
        psycopg.connect(older.writer) as worker,
        psycopg.connect(older.writer) as reader,
    ):
        for table in WRITTEN_THEN:
            under_way = UNDER_WAY if table.startswith("footfall") else "false"
            with psycopg.connect(older.owner) as target:
                copy(recorded, target, table, f"NOT ({under_way})")
            copy(recorded, worker, table, under_way)
        reader.execute("SELECT sum(passages), count(DISTINCT visit_id) FROM footfall, visit")

        # Both transactions stay open: had a migration to wait for either, it would give up.
        changes = provision_database.apply(_urls(older))
        assert any("0009_footfall_day.sql" in change for change in changes)
        worker.commit()
        reader.rollback()
    assert provision_database.apply(_urls(older)) == []

    # A worker of this release meets all of the day, half of it for the second time.
    pipeline.worker(PASSAGE_DATABASE_WRITER=older.writer)
    pipeline.publish(messages_of(simulation))
    eventually(pipeline.drained)
    assert counted(older) == true(simulation)
    assert older.value("SELECT count(*) FROM dead_letter") == 0

    # What an older worker committed beside the migration is in no stored day, until:
    assert audit_findings(older) != []
    assert _doctor_on_days(older) == {"problem"}
    done = CliRunner().invoke(rebuild, env={"PASSAGE_DATABASE_WRITER": older.writer})
    assert done.exit_code == 0, done.output
    assert audit_findings(older) == []
    assert _doctor_on_days(older) == {"ok"}
    assert counted(older) == true(simulation)


def _doctor_on_days(database: Any) -> set[str]:
    done = CliRunner().invoke(
        doctor,
        ["--check", "days", "--format", "json", "--patience", "60"],
        env={"PASSAGE_DATABASE_READER": database.reader},
    )
    return {one["state"] for one in json.loads(done.stdout)}


NEWER_FIELD = "lane"


@pytest.fixture
def newer_release(tmp_path: Path) -> dict[str, str]:
    """The environment of a worker whose contracts have a field that this release does not know."""
    release = tmp_path / "newer"
    shutil.copytree(PROJECT / "schemas", release / "schemas")
    events = release / "schemas" / "events.py"
    line = "    party_size: PartySize | None = None\n"
    text = events.read_text(encoding="utf-8")
    assert line in text
    events.write_text(text.replace(line, f"{line}    {NEWER_FIELD}: Code | None = None\n"), "utf-8")
    # Its `schemas` before ours, which the working folder would put first.
    return {"PYTHONSAFEPATH": "1", "PYTHONPATH": f"{release}:{PROJECT}"}


def as_sent_by(release: str, value: bytes) -> bytes:
    """An event of version 1 as kiosks of three releases write it."""
    event = json.loads(value)
    match release:
        case "older":
            # It does not know these fields; left out, they mean what they say here.
            for name, default in (("channel", "kiosk"), ("wrap", 0), ("mode", "live")):
                if event.get(name) == default:
                    del event[name]
        case "newer":
            event["clock"]["source"] = "ntp"
            event["screen"] = {"height_mm": 300}
            if event["type"] == "ticket_issued":
                event[NEWER_FIELD] = "fast"
    return json.dumps(event).encode()


def test_workers_of_two_releases_share_a_group_and_kiosks_of_three_count_alike(
    pipeline: Pipeline, newer_release: dict[str, str], simulation: Simulation, eventually: Any
) -> None:
    ours, newer = pipeline.worker(), pipeline.worker(**newer_release)
    eventually(lambda: _members(pipeline) == 2)

    messages = messages_of(simulation)
    devices = sorted({json.loads(value)["source"] for _, _, value in messages})
    releases = {d: ("older", "present", "newer")[n % 3] for n, d in enumerate(devices)}
    sent = [(t, k, as_sent_by(releases[json.loads(v)["source"]], v)) for t, k, v in messages]
    assert set(releases.values()) == {"older", "present", "newer"}
    pipeline.publish(sent)
    eventually(pipeline.drained)

    assert counted(pipeline.database) == true(simulation)
    assert pipeline.database.rows("SELECT reason, detail FROM dead_letter") == []
    assert audit_findings(pipeline.database) == []
    for worker in (ours, newer):
        assert sum(line["events"] for line in worker.said("batch recorded")) > 0
    # Each kept what it knew: of the newer field, what came to the newer worker.
    lanes = "SELECT count(*) FROM visit_event WHERE type = 'ticket_issued' AND body ? 'lane'"
    tickets = sum(1 for _, _, value in sent if b'"lane"' in value)
    assert 0 < pipeline.database.value(lanes) < tickets


def _members(pipeline: Pipeline) -> int:
    """Workers between whom the partitions are settled."""
    admin = KafkaAdminClient(bootstrap_servers=pipeline.kafka)
    try:
        group = pipeline.environ["PASSAGE_GROUP"]
        found = admin.describe_groups([group])[group]
        return len(found["members"]) if found["group_state"] == "Stable" else 0
    finally:
        admin.close()
