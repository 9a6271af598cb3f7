"""A worker is frozen for longer than its session; another takes over; then it comes back."""

from __future__ import annotations

from time import monotonic
from typing import Any

import pytest

from services.simulator.simulation import Simulation
from tests.faults.conftest import Effort
from tests.faults.proof import Ledger
from tests.faults.sessions import Sessions, freeze_in_batch
from tests.pipeline import Pipeline

IN_BATCH = {"between statements": "idle in transaction", "sending rows": "active"}
"""The state of the worker's session in the middle of a batch."""


@pytest.mark.parametrize("where", ["between batches", *IN_BATCH])
def test_a_worker_that_comes_back_from_the_dead_counts_nothing_twice(
    pipeline: Pipeline,
    sessions: Sessions,
    day: Simulation,
    messages: Any,
    effort: Effort,
    ledger: Ledger,
    eventually: Any,
    where: str,
) -> None:
    batch = {"PASSAGE_BATCH_EVENTS": str(effort.batch_events)}
    morning, afternoon = messages[: len(messages) // 2], messages[len(messages) // 2 :]
    pipeline.publish(morning)
    undead = pipeline.worker(**batch)
    if where in IN_BATCH:
        freeze_in_batch(undead, sessions, point=len(morning) // 3, states=(IN_BATCH[where],))
    else:
        eventually(pipeline.drained, deadline_s=60)
        undead.freeze()
    frozen_at = monotonic()
    # The broker answers the frozen worker's last question with these.
    pipeline.publish(afternoon)
    pipeline.worker(**batch)
    # Also what the frozen worker had in hand, and keeps locked as long as the database lets it.
    eventually(lambda: sessions.recorded() == len(messages), deadline_s=120)
    recovery = monotonic() - frozen_at
    # It finds that it was left for dead; and it still has its batch in hand.
    sign = "batch recorded" if where in IN_BATCH else ""
    known = len(undead.said(sign))
    undead.resume()
    eventually(lambda: len(undead.said(sign)) > known, deadline_s=60)
    ledger.close(f"worker frozen {where}, and back", pipeline, day, recovery)
    assert undead.is_running()
