"""Workers die by SIGKILL, in the middle of a batch and in the middle of a rebalance."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from kafka import KafkaAdminClient

from services.processor.ingest import LANES
from services.simulator.simulation import Simulation
from services.stack.kafka import KafkaServer
from tests.faults.conftest import Effort
from tests.faults.proof import Ledger, recovery_s
from tests.faults.sessions import Sessions, freeze_in_batch
from tests.pipeline import Pipeline

IN_TRANSACTION_SHARE = 0.7
"""Of the kills; the others hit wherever the worker is: fetching, starting, committing."""


@pytest.mark.timeout(1200)
def test_a_worker_killed_again_and_again_loses_nothing_and_counts_nothing_twice(
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
    worker = pipeline.worker(
        PASSAGE_BATCH_EVENTS=str(effort.batch_events), PASSAGE_WORKER="the-one"
    )
    recoveries = []
    for point in random_points(chance, effort.kills, len(messages)):
        if chance.random() < IN_TRANSACTION_SHARE:
            freeze_in_batch(worker, sessions, point=point)
        else:
            eventually(
                lambda point=point: sessions.recorded() >= point, deadline_s=60, every_s=0.001
            )
        worker.kill()
        recoveries.append(recovery_s(sessions, worker.start))
    ledger.close(f"worker killed {effort.kills} times", pipeline, day, *recoveries)


def random_points(chance: Random, count: int, total: int) -> list[int]:
    """Numbers of recorded events at which to strike, one somewhere in each part of the day."""
    part = total * 0.8 / count
    return [int(part * (i + chance.uniform(0.1, 0.9))) for i in range(count)]


def test_a_worker_killed_between_commit_and_acknowledgement_counts_nothing_twice(
    pipeline: Pipeline,
    sessions: Sessions,
    broker: KafkaServer,
    day: Simulation,
    messages: Any,
    effort: Effort,
    ledger: Ledger,
    eventually: Any,
) -> None:
    pipeline.publish(messages)
    worker = pipeline.worker(PASSAGE_BATCH_EVENTS=str(effort.batch_events))
    eventually(lambda: sessions.recorded() > len(messages) // 3, deadline_s=60, every_s=0.002)
    with sessions.locked("footfall") as unlock:
        eventually(sessions.held_up, deadline_s=60)
        before = sessions.recorded()
        broker.kill()
        unlock()
        # The batch is committed, and there is nobody to tell.
        eventually(lambda: sessions.recorded() > before, deadline_s=60)
    worker.kill()
    broker.start()
    assert pipeline.lag() > len(messages) - sessions.recorded()
    recovery = recovery_s(sessions, worker.start)
    ledger.close("worker and broker killed before acknowledgement", pipeline, day, recovery)


def test_a_worker_killed_while_its_group_rebalances_loses_nothing(
    pipeline: Pipeline,
    sessions: Sessions,
    day: Simulation,
    messages: Any,
    effort: Effort,
    chance: Random,
    ledger: Ledger,
    eventually: Any,
) -> None:
    batch = {"PASSAGE_BATCH_EVENTS": str(effort.batch_events)}
    workers = [pipeline.worker(**batch)]
    eventually(lambda: len(sessions.of_workers()) == LANES)
    of_the_first = {session.pid for session in sessions.of_workers()}
    workers.append(pipeline.worker(**batch))
    eventually(lambda: len(sessions.of_workers()) == 2 * LANES)

    def both_are_held_up() -> bool:
        pids = {session.pid for session in sessions.held_up()}
        return bool(pids & of_the_first) and bool(pids - of_the_first)

    with sessions.locked("footfall") as unlock:
        pipeline.publish(messages)
        eventually(both_are_held_up, deadline_s=60)
        workers.append(pipeline.worker(**batch))
        eventually(lambda: is_rebalancing(pipeline), deadline_s=60, every_s=0.01)
        chance.choice(workers[:2]).kill()
        recovery = recovery_s(sessions, unlock)
    ledger.close("one of three workers killed in a rebalance", pipeline, day, recovery)
    assert sum(worker.is_running() for worker in workers) == 2


def is_rebalancing(pipeline: Pipeline) -> bool:
    group = pipeline.environ["PASSAGE_GROUP"]
    admin = KafkaAdminClient(bootstrap_servers=pipeline.kafka)
    try:
        return "Rebalance" in admin.describe_groups([group])[group]["group_state"]
    finally:
        admin.close()
