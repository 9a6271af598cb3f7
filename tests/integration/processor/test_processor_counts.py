"""A simulated day through the real broker and the real database equals the true counts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from schemas.registry import Registry
from services.simulator.simulation import Simulation, generate
from tests.pipeline import counted, messages_of, true


def last_monday() -> date:
    today = datetime.now(UTC).date()
    return today - timedelta(days=today.weekday() + 7)


@pytest.fixture(scope="module")
def simulation(registry: Registry) -> Simulation:
    return generate(registry, last_monday(), 1, seed=11, scale=0.1)


def test_a_day_is_counted_exactly(pipeline: Any, simulation: Simulation, eventually: Any) -> None:
    pipeline.worker()
    pipeline.publish(messages_of(simulation))
    eventually(pipeline.drained)
    assert counted(pipeline.database) == true(simulation)
    assert pipeline.database.value("SELECT count(*) FROM dead_letter") == 0
