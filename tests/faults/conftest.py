"""The day that is broken on purpose, and the table of what that cost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from schemas.registry import Registry
from services.simulator.simulation import Simulation, generate
from tests.faults.proof import Ledger, thinned
from tests.faults.sessions import Sessions
from tests.pipeline import messages_of

LEDGER = pytest.StashKey[Ledger]()


@dataclass(frozen=True)
class Effort:
    """How much is broken: PASSAGE_FAULTS=full takes its time, the default a few minutes."""

    scale: float
    keep_every_heartbeat: int
    kills: int
    cuts: int
    power_cuts: int
    batch_events: int
    """Small, so that a day has many batches to be caught in."""


SHORT = Effort(0.1, 20, kills=4, cuts=3, power_cuts=2, batch_events=20)
FULL = Effort(1.0, 1, kills=20, cuts=12, power_cuts=8, batch_events=200)


@pytest.fixture(scope="session")
def effort() -> Effort:
    return FULL if os.environ.get("PASSAGE_FAULTS") == "full" else SHORT


@pytest.fixture(scope="session")
def day(registry: Registry, effort: Effort) -> Simulation:
    """A Tuesday that is over."""
    simulation = generate(registry, last_tuesday(), 1, seed=23, scale=effort.scale)
    return thinned(simulation, effort.keep_every_heartbeat)


def last_tuesday() -> date:
    today = datetime.now(UTC).date()
    return today - timedelta(days=today.weekday() + 6)


@pytest.fixture(scope="session")
def messages(day: Simulation) -> list[tuple[str, bytes, bytes]]:
    """The day as (topic, key, value), in order of time."""
    return messages_of(day)


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> Random:
    """Randomness of the test's own, the same in every run."""
    return Random(request.node.name)


@pytest.fixture
def sessions(database: Any) -> Iterator[Sessions]:
    watching = Sessions(database.admin, database.owner)
    yield watching
    watching.close()


@pytest.fixture
def ledger(pytestconfig: pytest.Config) -> Ledger:
    return pytestconfig.stash.setdefault(LEDGER, Ledger())


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print what every fault cost."""
    ledger = config.stash.get(LEDGER, None)
    if ledger is not None and ledger.outcomes:
        terminalreporter.section("what the faults cost")
        for line in ledger.lines():
            terminalreporter.write_line(line)
