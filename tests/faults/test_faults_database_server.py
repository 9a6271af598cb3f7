"""The database server stops, dies, refuses connections, refuses to write; and is well again."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from services.simulator.simulation import Simulation
from services.stack.postgres import PostgresServer
from tests.faults.conftest import Effort
from tests.faults.proof import Ledger, recovered_s
from tests.faults.sessions import Sessions
from tests.pipeline import Pipeline


def stopped(server: PostgresServer, sessions: Sessions) -> Callable[[], None]:
    server.stop()
    return server.start


def killed(server: PostgresServer, sessions: Sessions) -> Callable[[], None]:
    server.kill()
    return server.start


def out_of_connections(server: PostgresServer, sessions: Sessions) -> Callable[[], None]:
    sessions.do("ALTER ROLE passage_writer CONNECTION LIMIT 0")
    sessions.cut_workers()
    return lambda: sessions.do("ALTER ROLE passage_writer CONNECTION LIMIT -1")


def read_only(server: PostgresServer, sessions: Sessions) -> Callable[[], None]:
    sessions.do(f"ALTER DATABASE {sessions.database} SET default_transaction_read_only = on")
    sessions.cut_workers()
    return lambda: sessions.do(
        f"ALTER DATABASE {sessions.database} RESET default_transaction_read_only"
    )


@pytest.mark.parametrize("fault", [stopped, killed, out_of_connections, read_only])
def test_a_database_in_trouble_holds_events_up_and_loses_none(
    pipeline: Pipeline,
    sessions: Sessions,
    database_server: PostgresServer,
    day: Simulation,
    messages: Any,
    effort: Effort,
    chance: Random,
    ledger: Ledger,
    eventually: Any,
    fault: Callable[[PostgresServer, Sessions], Callable[[], None]],
) -> None:
    pipeline.publish(messages)
    worker = pipeline.worker(PASSAGE_BATCH_EVENTS=str(effort.batch_events))
    process = worker.process
    point = chance.randrange(len(messages) // 2)
    eventually(lambda: sessions.recorded() >= point, deadline_s=60, every_s=0.002)
    end_fault = fault(database_server, sessions)
    try:
        eventually(lambda: len(worker.said("cannot ")) >= 2, deadline_s=60)
    finally:
        end_fault()
    recovery = recovered_s(sessions, sessions.recorded())
    name = fault.__name__.replace("_", " ")
    ledger.close(f"database {name}", pipeline, day, recovery)
    assert worker.process is process
    assert worker.is_running()
