"""Whether a service says that it is ready follows what it needs; whether it lives does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from benchmarks.processes import running
from services.planner.web.app import create_app
from services.planner.web.settings import WebSettings
from services.stack.kafka import KafkaServer
from services.stack.postgres import PostgresServer
from tests.conftest import free_ports
from tests.pipeline import Pipeline
from tests.watched import status


def test_services_are_ready_exactly_while_what_they_need_answers(
    pipeline: Pipeline,
    broker: KafkaServer,
    database_server: PostgresServer,
    tmp_path: Path,
    eventually: Callable[..., Any],
) -> None:
    processor, live = free_ports(2)
    web = TestClient(create_app(WebSettings(database_reader=pipeline.database.reader)))
    pipeline.worker(PASSAGE_PROCESSOR_PORT=str(processor))
    environ = {key: value for key, value in pipeline.environ.items() if "DATABASE" not in key}

    def ready() -> dict[str, int | None]:
        return {
            "processor": status(processor, "/ready"),
            "live": status(live, "/ready"),
            "web": web.get("/ready").status_code,
        }

    def alive() -> set[int | None]:
        return {status(processor, "/alive"), status(live, "/alive"), web.get("/alive").status_code}

    environ |= {"PASSAGE_LIVE_PORT": str(live)}
    with running("services.live", environ=environ, log=tmp_path / "live.log"):
        well = {"processor": 200, "live": 200, "web": 200}
        eventually(lambda: ready() == well)

        database_server.stop()
        eventually(lambda: ready() == {"processor": 503, "live": 200, "web": 503})
        assert alive() == {200}
        database_server.start()
        eventually(lambda: ready() == well)

        broker.stop()
        eventually(lambda: ready() == {"processor": 503, "live": 503, "web": 200})
        assert alive() == {200}
        # An old picture is better than none: a load balancer asks this one.
        assert status(live, "/health") == 200
        broker.start()
        eventually(lambda: ready() == well)
