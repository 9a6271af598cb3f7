"""What can be seen of a kiosk from outside, where a setting asks for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.events import CheckedIn, TicketIssued
from services.edge.clock import SystemClock
from services.edge.device import Device
from services.edge.metrics import EdgeMetrics
from services.edge.outbox import Outbox
from services.edge.settings import EdgeSettings
from services.runtime.settings import InvalidSetting
from tests.conftest import free_ports
from tests.watched import numbers, status


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox(tmp_path / "outbox.db", min_free_bytes=0)
    device = Device("acc-borne-1", "creteil-accueil", outbox, SystemClock(outbox.id))
    known = device.ticket_fields("acc-titres", "A001") | {"queue": "acc-titres", "number": "A001"}
    where = {"directorate": "dcl", "service": "titres"}
    device.emit_many([(TicketIssued, known | where), (CheckedIn, known | where)])
    yield outbox
    outbox.close()


@pytest.fixture
def run(outbox: Outbox, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def run(**environ: str) -> subprocess.Popen[str]:
        settings = {
            "PASSAGE_DEVICE": "acc-borne-1",
            "PASSAGE_SITE": "creteil-accueil",
            "PASSAGE_OUTBOX": str(outbox.path),
            "PASSAGE_OUTBOX_MIN_FREE_MB": "0",
            "PASSAGE_DAY_KEYS": str(tmp_path / "keys"),
            "PASSAGE_KAFKA": "127.0.0.1:1",
        }
        command = [sys.executable, "-m", "services.edge", "run"]
        environ = {**os.environ, **settings, **environ}
        started.append(subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield run
    for one in started:
        one.kill()
        one.communicate()


def test_a_kiosk_without_a_broker_says_so_in_numbers_and_lines_and_stops(
    run: Callable[..., subprocess.Popen[str]], eventually: Any
) -> None:
    (port,) = free_ports(1)
    process = run(PASSAGE_METRICS_PORT=str(port))
    eventually(lambda: status(port, "/metrics") == 200)
    found = eventually(lambda: (n := numbers(port))["passage_edge_delivery_halted",] and n)
    # What was in the outbox, and its own start.
    assert found["passage_edge_pending_events",] == 3
    assert found["passage_edge_delivered_total",] == found["passage_edge_refused_events",] == 0
    assert 0 < found["passage_edge_oldest_pending_seconds",] < 600
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0
    lines = [json.loads(line) for line in said.splitlines()]
    assert {line["service"] for line in lines} == {"edge"}
    assert any("delivery stands still" in line["message"] for line in lines)


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("PASSAGE_LOG_LEVEL", "loud", "expected debug, info, warning or error"),
        ("PASSAGE_METRICS_PORT", "none", "expected port of /metrics"),
        ("PASSAGE_TRACES", "collector", "expected URL of an OTLP/HTTP collector"),
    ],
)
def test_a_wrong_setting_is_a_sentence(setting: str, value: str, sentence: str) -> None:
    with pytest.raises(InvalidSetting, match=f"{setting} is wrong") as refused:
        EdgeSettings.from_environ({"PASSAGE_DEVICE": "k1", "PASSAGE_SITE": "s", setting: value})
    assert sentence in str(refused.value)


def test_a_port_that_is_taken_is_a_sentence(outbox: Outbox) -> None:
    metrics = EdgeMetrics(outbox)
    with pytest.raises(InvalidSetting, match="PASSAGE_METRICS_PORT cannot be used"):
        metrics.serve("192.0.2.1", 9108)


def test_an_outbox_that_cannot_be_read_is_unknown_not_empty(outbox: Outbox) -> None:
    metrics = EdgeMetrics(outbox)
    outbox.close()
    outbox.path.write_bytes(b"damaged" * 1000)
    body, _ = metrics.exposition()
    assert b"passage_edge_pending_events NaN" in body
