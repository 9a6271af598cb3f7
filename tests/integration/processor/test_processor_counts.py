"""A simulated day through the real broker and the real database equals the true counts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from schemas.registry import Registry
from services.core.footfall import MEASURES
from services.simulator.messages import as_messages
from services.simulator.simulation import Simulation, generate

NOT_IN_THE_TRUTH = ("direct", "redirected", "last_call_waits", "last_call_wait_ms")
COMPARED = tuple(m for m in MEASURES if m not in NOT_IN_THE_TRUTH)


def last_monday() -> date:
    today = datetime.now(UTC).date()
    return today - timedelta(days=today.weekday() + 7)


@pytest.fixture(scope="module")
def simulation(registry: Registry) -> Simulation:
    return generate(registry, last_monday(), 1, seed=11, scale=0.1)


def counted(database: Any) -> dict[tuple[Any, ...], dict[str, int]]:
    columns = ", ".join(f'"{m}"' for m in COMPARED)
    rows = database.rows(
        "SELECT (extract(epoch FROM bucket_start) * 1000)::bigint, site, directorate, service,"
        f" channel, {columns} FROM footfall"
    )
    found = {row[:5]: {m: n for m, n in zip(COMPARED, row[5:], strict=True) if n} for row in rows}
    return {key: row for key, row in found.items() if row}


def true(simulation: Simulation) -> dict[tuple[Any, ...], dict[str, int]]:
    return {
        tuple(key): {m: n for m, n in row.items() if n}
        for key, row in simulation.truth.buckets.items()
    }


def messages_of(simulation: Simulation) -> list[tuple[str, bytes, bytes]]:
    return [(m.topic, m.key, m.value) for m in as_messages(simulation)]


def test_a_day_is_counted_exactly(pipeline: Any, simulation: Simulation, eventually: Any) -> None:
    pipeline.worker()
    pipeline.publish(messages_of(simulation))
    eventually(pipeline.drained)
    assert counted(pipeline.database) == true(simulation)
    assert pipeline.database.value("SELECT count(*) FROM dead_letter") == 0
