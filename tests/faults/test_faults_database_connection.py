"""The worker's connection is cut while a batch is in the database but not committed."""

from __future__ import annotations

from random import Random
from typing import Any

from services.simulator.simulation import Simulation
from tests.faults.conftest import Effort
from tests.faults.proof import Ledger, recovery_s
from tests.faults.sessions import Sessions
from tests.pipeline import Pipeline

TABLES = ("visit", "footfall", "footfall_wait", "device_boot")
"""What a batch writes after its events were copied in, from the first to the last."""


def test_a_connection_cut_between_copy_and_commit_changes_nothing(
    pipeline: Pipeline,
    sessions: Sessions,
    day: Simulation,
    messages: Any,
    effort: Effort,
    chance: Random,
    ledger: Ledger,
    eventually: Any,
) -> None:
    pipeline.publish(messages)
    worker = pipeline.worker(PASSAGE_BATCH_EVENTS=str(effort.batch_events))
    recoveries = []
    for number in range(effort.cuts):
        table = TABLES[number] if number < len(TABLES) else chance.choice(TABLES)
        point = sessions.recorded() + chance.randrange(len(messages) // (2 * effort.cuts))
        eventually(lambda n=point: sessions.recorded() > n, deadline_s=60, every_s=0.002)
        with sessions.locked(table) as unlock:
            held_up = eventually(sessions.held_up, deadline_s=60, every_s=0.005)
            session = next(one for one in held_up if one.has_written)
            failures = len(worker.said("cannot "))
            sessions.cut(session.pid)
            eventually(lambda n=failures: len(worker.said("cannot ")) > n)
            recoveries.append(recovery_s(sessions, unlock))
    ledger.close(f"connection cut before commit {effort.cuts} times", pipeline, day, *recoveries)
    assert worker.is_running()
