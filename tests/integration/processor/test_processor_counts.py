"""A simulated day through the real broker and the real database equals the true counts."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.registry import Registry
from services.simulator.simulation import Simulation, generate
from tests.events import last_monday
from tests.pipeline import counted, messages_of, true


@pytest.fixture(scope="module")
def simulation(registry: Registry) -> Simulation:
    return generate(registry, last_monday(), 1, seed=11, scale=0.1)


def test_a_day_is_counted_exactly(pipeline: Any, simulation: Simulation, eventually: Any) -> None:
    pipeline.worker()
    pipeline.publish(messages_of(simulation))
    eventually(pipeline.drained)
    assert counted(pipeline.database) == true(simulation)
    assert pipeline.database.value("SELECT count(*) FROM dead_letter") == 0
