"""SIGTERM in the middle of work: an end within ten seconds, in order, and nothing is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest
from kafka import KafkaAdminClient

from benchmarks.processes import running
from services.simulator.simulation import Simulation
from services.stack.kafka import KafkaServer
from tests.conftest import free_ports
from tests.pipeline import Pipeline, audit_findings, counted, true
from tests.watched import numbers, status

WITHIN_S = 10.0


def ends(process: subprocess.Popen[bytes], *signals: signal.Signals) -> None:
    """Ends in order, and in time, after these signals."""
    asked_s = time.monotonic()
    for one in signals:
        process.send_signal(one)
    assert process.wait(timeout=30) == 0
    assert time.monotonic() - asked_s < WITHIN_S


def members(pipeline: Pipeline) -> int:
    group = pipeline.environ["PASSAGE_GROUP"]
    admin = KafkaAdminClient(bootstrap_servers=pipeline.kafka)
    try:
        return len(admin.describe_groups([group])[group]["members"])
    finally:
        admin.close()


def test_a_worker_told_to_stop_in_a_backlog_leaves_it_to_the_next_one(
    pipeline: Pipeline,
    day: Simulation,
    messages: Any,
    eventually: Callable[..., Any],
) -> None:
    pipeline.publish(messages)
    worker = pipeline.worker(PASSAGE_BATCH_EVENTS="20")
    recorded = "SELECT count(*) FROM visit_event"
    eventually(lambda: pipeline.database.value(recorded) > 100, every_s=0.01)
    assert worker.process is not None
    # Asked again while it does so, by whoever is impatient.
    ends(worker.process, signal.SIGTERM, signal.SIGINT, signal.SIGTERM)
    assert members(pipeline) == 0
    assert pipeline.database.value(recorded) < len(day.events)
    pipeline.worker()
    eventually(pipeline.drained)
    assert counted(pipeline.database) == true(day)
    assert audit_findings(pipeline.database) == []


def test_a_worker_stops_while_neither_database_nor_broker_lets_it_work(
    pipeline: Pipeline, broker: KafkaServer, messages: Any, eventually: Callable[..., Any]
) -> None:
    worker = pipeline.worker()
    eventually(lambda: worker.said("registry taken up"))
    with psycopg.connect(pipeline.database.owner) as owner:
        owner.execute("LOCK TABLE event_seen IN ACCESS EXCLUSIVE MODE")
        pipeline.publish(messages[:2000])
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        eventually(lambda: pipeline.database.value(waiting))
        broker.stop()
        assert worker.process is not None
        ends(worker.process, signal.SIGTERM)


def test_a_live_service_stops_under_its_watchers(
    pipeline: Pipeline, messages: Any, tmp_path: Path, eventually: Callable[..., Any]
) -> None:
    (port,) = free_ports(1)
    pipeline.publish(messages[-2000:])
    pipeline.worker()
    environ = {key: value for key, value in pipeline.environ.items() if "DATABASE" not in key}
    environ |= {"PASSAGE_LIVE_PORT": str(port)}
    with running("services.live", environ=environ, log=tmp_path / "live.log") as process:
        eventually(lambda: status(port, "/sites/creteil-accueil") == 200)
        # One reads, the others do not.
        watchers = [HTTPConnection("127.0.0.1", port, timeout=30) for _ in range(20)]
        for one in watchers:
            one.request("GET", "/sites/creteil-accueil/events")
        answer = watchers[0].getresponse()
        assert answer.readline()
        eventually(lambda: numbers(port)["passage_live_streams",] == 20)
        ends(process, signal.SIGTERM, signal.SIGINT)
        assert answer.read() is not None
        for one in watchers:
            one.close()


@pytest.fixture
def web(database: Any, eventually: Callable[..., Any]) -> Iterator[tuple[Any, int]]:
    (port,) = free_ports(1)
    process = subprocess.Popen(
        [sys.executable, "-m", "services", "web"],
        env={
            **os.environ,
            "PASSAGE_DATABASE_READER": database.reader,
            "PASSAGE_WEB_PORT": str(port),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    eventually(lambda: status(port, "/ready") == 200)
    yield process, port
    process.kill()


def test_the_web_server_gives_the_answers_under_way_and_ends(
    web: tuple[Any, int], database: Any, eventually: Callable[..., Any]
) -> None:
    process, port = web
    answers: list[int | None] = []
    asking = Thread(
        target=lambda: answers.append(status(port, "/api/v1/history?from=2026-11-16&to=2026-11-16"))
    )
    with psycopg.connect(database.owner) as owner:
        owner.execute("LOCK TABLE footfall, site IN ACCESS EXCLUSIVE MODE")
        asking.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        eventually(lambda: database.value(waiting))
        process.send_signal(signal.SIGTERM)
        # It takes nobody new any more.
        eventually(lambda: status(port, "/alive") is None)
        owner.rollback()
        ends(process)
    asking.join()
    assert answers == [200]
