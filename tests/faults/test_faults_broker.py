"""The broker stops or dies in the middle of a day that kiosks and receptions deliver."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest

from services.simulator.play import play
from services.simulator.simulation import Simulation
from services.stack.kafka import KafkaServer
from tests.faults.conftest import Effort
from tests.faults.proof import Ledger, recovered_s
from tests.faults.sessions import Sessions
from tests.pipeline import Pipeline

DAY_S = 13 * 3600
PLAYED_WITHIN_S = 6
PATIENCE_S = 90.0


@pytest.mark.parametrize("end", [KafkaServer.stop, KafkaServer.kill], ids=["stopped", "killed"])
def test_a_broker_that_goes_and_comes_back_loses_nothing(
    pipeline: Pipeline,
    sessions: Sessions,
    broker: KafkaServer,
    day: Simulation,
    effort: Effort,
    chance: Random,
    ledger: Ledger,
    eventually: Any,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    request: pytest.FixtureRequest,
    end: Callable[[KafkaServer], None],
) -> None:
    caplog.set_level(logging.CRITICAL)
    worker = pipeline.worker(PASSAGE_BATCH_EVENTS=str(effort.batch_events))
    process = worker.process
    with ThreadPoolExecutor(1) as executor:
        playing = executor.submit(
            play,
            day,
            pipeline.kafka,
            tmp_path / "outboxes",
            pipeline.prefix,
            DAY_S / PLAYED_WITHIN_S,
            patience_s=PATIENCE_S,
        )
        point = len(day.events) // 4 + chance.randrange(len(day.events) // 4)
        eventually(lambda: sessions.recorded() >= point, deadline_s=60, every_s=0.005)
        end(broker)
        late = pipeline.worker(PASSAGE_BATCH_EVENTS=str(effort.batch_events))
        eventually(lambda: late.said("cannot connect to the broker"), deadline_s=60)
        before = sessions.recorded()
        broker.start()
        recovery = recovered_s(sessions, before)
        playing.result(timeout=120)
    ledger.close(f"broker {request.node.callspec.id}", pipeline, day, recovery)
    assert worker.process is process
    assert worker.is_running()
    assert late.is_running()
