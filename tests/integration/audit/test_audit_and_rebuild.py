"""Counts can be recomputed from the visits and from the raw events; what was broken is mended."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from schemas.registry import Registry
from services.simulator.simulation import Simulation, generate
from tests.events import last_monday
from tests.pipeline import counted, messages_of, true


def passage(pipeline: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services", *arguments],
        env={**os.environ, **pipeline.environ, "PASSAGE_DATABASE_OWNER": pipeline.database.owner},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def break_counts(pipeline: Any, statement: str) -> None:
    with psycopg.connect(pipeline.database.owner) as connection:
        connection.execute(statement)


DAMAGES = (
    "UPDATE footfall SET passages = passages + 1 WHERE passages = 1",
    "DELETE FROM footfall_wait WHERE bin > 60",
    "UPDATE visit SET history = history - 1 WHERE state = 'served'",
    "DELETE FROM visit WHERE state = 'no_show'",
    "UPDATE transfer SET n = n + 1; DELETE FROM transfer WHERE from_directorate = 'sgcd'",
    "UPDATE footfall_day SET passages = passages + 1; DELETE FROM footfall_wait_day WHERE bin > 60",
)


@pytest.fixture(scope="module")
def simulation(registry: Registry) -> Simulation:
    return generate(registry, last_monday(), 1, seed=5, scale=0.05)


@pytest.fixture
def counted_day(pipeline: Any, simulation: Simulation, eventually: Any) -> Any:
    """A pipeline that has counted a simulated day."""
    pipeline.worker()
    pipeline.publish(messages_of(simulation))
    eventually(pipeline.drained)
    return pipeline


def test_every_damage_is_found_and_mended_while_the_pipeline_runs(
    counted_day: Any, simulation: Simulation
) -> None:
    clean = passage(counted_day, "audit")
    assert clean.returncode == 0, clean.stdout + clean.stderr
    assert "No difference" in clean.stdout

    for damage in DAMAGES:
        break_counts(counted_day, damage)
        assert passage(counted_day, "audit").returncode == 1, damage
        mended = passage(counted_day, "rebuild")
        assert mended.returncode == 0, mended.stdout + mended.stderr
        done = passage(counted_day, "audit")
        assert done.returncode == 0, damage + done.stdout + done.stderr
    assert counted(counted_day.database) == true(simulation)


def test_a_dry_run_mends_nothing(counted_day: Any) -> None:
    break_counts(counted_day, DAMAGES[0])
    assert "Would mend" in passage(counted_day, "rebuild", "--dry-run").stdout
    assert passage(counted_day, "audit").returncode == 1


def test_a_purge_removes_visits_and_changes_no_count(counted_day: Any) -> None:
    # The day becomes an old one: older than the age at which visits go.
    old = datetime.now(UTC) - timedelta(days=200)
    break_counts(counted_day, f"UPDATE visit SET last_event_at = '{old.isoformat()}'")
    before = counted(counted_day.database)

    assert "Would remove" in passage(counted_day, "purge", "--dry-run").stdout
    assert counted_day.database.value("SELECT count(*) FROM visit") > 0

    done = passage(counted_day, "purge")
    assert done.returncode == 0, done.stdout + done.stderr
    assert counted_day.database.value("SELECT count(*) FROM visit") == 0
    assert counted(counted_day.database) == before


def test_a_purge_refuses_an_age_at_which_late_events_would_count_twice(pipeline: Any) -> None:
    done = passage(pipeline, "purge", "--days", "30")
    assert done.returncode == 2
    assert "60 days late" in done.stderr
