"""A gateway on the real broker: what it acknowledges is there, and nothing is there twice."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from benchmarks.whole_topic import messages_in
from schemas.headers import GATEWAY_RECEIVED_AT
from services.edge.outbox import Outbox
from services.gateway import examples
from services.gateway.tokens import TokenFile
from services.stack.stack import Stack
from tests.conftest import free_ports
from tests.events import ticket
from tests.integration.gateway.conftest import SITE, SOURCES, Gateway

Start = Callable[..., Gateway]


@pytest.fixture
def gateway(start: Start, stack: Stack, topics: str) -> Gateway:
    return start(stack.kafka.bootstrap, topic_prefix=topics)


@pytest.fixture
def arrived(stack: Stack, topics: str) -> Callable[[str], list[Any]]:
    """Reads a whole topic."""

    def arrived(topic: str = "visit-events") -> list[Any]:
        return messages_in(stack.kafka.bootstrap, topics + topic)

    return arrived


def ids(messages: list[Any]) -> list[str]:
    return sorted(json.loads(message.value)["event_id"] for message in messages)


def outcomes(response: Any) -> list[str]:
    return [one["result"] for one in response.json()["results"]]


def test_202_means_that_the_broker_has_all_of_it(
    gateway: Gateway, arrived: Callable[..., list[Any]], eventually: Any
) -> None:
    eventually(lambda: gateway.client.get("/ready").status_code == 200)
    asked_at = datetime.now(UTC)
    batch = [ticket() for _ in range(50)]
    body = "\n".join(map(json.dumps, [*batch, ticket(number="none")]))
    response = gateway.send(body, "application/x-ndjson")
    assert response.status_code == 202
    assert outcomes(response) == ["accepted"] * 50 + ["refused"]
    messages = arrived()
    assert ids(messages) == sorted(one["event_id"] for one in batch)
    for message in messages:
        [(name, value)] = message.headers
        assert name == GATEWAY_RECEIVED_AT
        assert abs(datetime.fromisoformat(value.decode()) - asked_at) < timedelta(minutes=1)
        assert message.key.decode() == json.loads(message.value)["visit_id"]
    again = gateway.send(batch)
    assert (again.status_code, outcomes(again)) == (202, ["duplicate"] * 50)
    assert len(arrived()) == 50
    assert gateway.metric("passage_gateway_delivered_total ") == 50
    assert gateway.metric('passage_gateway_events_total{result="duplicate"}') == 50
    assert gateway.metric('passage_gateway_refusals_total{reason="invalid_field"}') == 1
    assert gateway.metric("passage_gateway_outbox_events ") == 0


def test_every_example_of_the_description_is_taken_in(
    gateway: Gateway, arrived: Callable[..., list[Any]]
) -> None:
    described = gateway.client.get("/openapi.json").json()["paths"]["/v1/events"]["post"]
    for media_type, content in described["requestBody"]["content"].items():
        for example in content["examples"].values():
            response = gateway.send(example["value"], media_type)
            assert response.status_code == 202, response.text
            assert response.json()["refused"] == 0
    binary = gateway.send(examples.BINARY_BODY, **examples.BINARY_HEADERS)
    assert outcomes(binary) == ["duplicate"]
    visit = (examples.TICKET, examples.CALLED, examples.SERVED)
    assert ids(arrived()) == sorted(one["event_id"] for one in visit)
    assert ids(arrived("heartbeats")) == [examples.HEARTBEAT["event_id"]]


def test_what_was_kept_for_a_broker_that_was_away_is_delivered_when_it_is_back(
    start: Start, stack: Stack, topics: str, arrived: Callable[..., list[Any]], eventually: Any
) -> None:
    sent = [ticket() for _ in range(20)]
    assert start().send(sent).status_code == 503
    again = start(stack.kafka.bootstrap, topic_prefix=topics)
    eventually(lambda: again.metric("passage_gateway_outbox_events ") == 0)
    assert ids(arrived()) == sorted(one["event_id"] for one in sent)
    assert outcomes(again.send(sent)) == ["duplicate"] * 20


def test_a_topic_that_is_missing_is_the_operators_to_mend_and_nothing_is_lost(
    start: Start, stack: Stack, eventually: Any, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = start(stack.kafka.bootstrap, topic_prefix="missing.", gateway_answer_s=0.2)
    assert outcomes(gateway.send(ticket())) == ["kept"]
    eventually(lambda: "passage provision topics" in caplog.text)
    assert gateway.client.get("/ready").status_code == 503


class Process:
    """`passage gateway serve` as a process of its own."""

    def __init__(self, folder: Path, **environ: str) -> None:
        [self.port] = free_ports(1)
        self.token = TokenFile(folder / "tokens.json").create(
            "sender", SITE, SOURCES, None, datetime.now(UTC)
        )
        self.log = folder / "gateway.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.gateway", "serve"],
                env={
                    **os.environ,
                    "PASSAGE_GATEWAY_PORT": f"{self.port}",
                    "PASSAGE_GATEWAY_TOKENS": f"{folder / 'tokens.json'}",
                    "PASSAGE_GATEWAY_OUTBOX": f"{folder / 'outbox.db'}",
                    "PASSAGE_GATEWAY_OUTBOX_MIN_FREE_MB": "0",
                    **environ,
                },
                stdout=log,
                stderr=log,
            )

    def is_alive(self) -> bool:
        try:
            connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except OSError:
            return False

    def post(self, body: str) -> tuple[int, dict[str, Any]]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection.request("POST", "/v1/events", body, headers)
        response = connection.getresponse()
        told = response.status, json.loads(response.read())
        connection.close()
        return told

    def begin(self, length: int) -> socket.socket:
        """A connection on which a request has begun whose body does not come."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        head = (
            f"POST /v1/events HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {self.token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        )
        connection.sendall(head.encode())
        return connection


@pytest.fixture
def serve(stack: Stack, topics: str, tmp_path: Path) -> Iterator[Callable[..., Process]]:
    running: list[Process] = []

    def serve(**environ: str) -> Process:
        kafka = {"PASSAGE_KAFKA": stack.kafka.bootstrap, "PASSAGE_TOPIC_PREFIX": topics}
        running.append(Process(tmp_path, **{**kafka, **environ}))
        return running[-1]

    yield serve
    for one in running:
        one.process.kill()
        one.process.wait()


def test_a_stop_in_the_middle_of_requests_loses_nothing_that_was_answered(
    serve: Callable[..., Process],
    arrived: Callable[..., list[Any]],
    tmp_path: Path,
    eventually: Any,
) -> None:
    gateway = serve()
    eventually(gateway.is_alive)
    answered: list[tuple[int, dict[str, Any]]] = []

    def send() -> None:
        while True:
            try:
                answered.append(gateway.post(json.dumps([ticket() for _ in range(20)])))
            except (OSError, ValueError):
                return

    senders = [threading.Thread(target=send) for _ in range(4)]
    for one in senders:
        one.start()
    eventually(lambda: len(answered) >= 12)
    asked_s = time.monotonic()
    gateway.process.send_signal(signal.SIGTERM)
    assert gateway.process.wait(timeout=30) == 0
    assert time.monotonic() - asked_s < 10
    for one in senders:
        one.join(30)
    assert {status for status, _ in answered} <= {202, 503}
    told = [one["event_id"] for _, told in answered for one in told["results"]]
    assert set(told) <= set(ids(arrived())) | _waiting(tmp_path / "outbox.db")
    assert gateway.token not in gateway.log.read_text()


def _waiting(path: Path) -> set[str]:
    outbox = Outbox(path)
    try:
        return {entry.event_id for entry in outbox.pending(10_000)}
    finally:
        outbox.close()


def test_slow_and_too_many_senders_are_sent_away(
    serve: Callable[..., Process], eventually: Any
) -> None:
    gateway = serve(PASSAGE_GATEWAY_MAX_REQUESTS="2", PASSAGE_GATEWAY_BODY_S="2")
    eventually(gateway.is_alive)
    slow = [gateway.begin(1000) for _ in range(2)]
    _, told = eventually(lambda: _is_busy(gateway.post("{}")))
    assert "send it again" in told["detail"]
    for one in slow:
        assert b"408" in one.recv(100)
        one.close()
    assert gateway.post("{}")[0] == 422


def _is_busy(told: tuple[int, dict[str, Any]]) -> tuple[int, dict[str, Any]] | None:
    return told if told[0] == 503 else None


def test_a_second_gateway_on_one_outbox_is_told_so(
    serve: Callable[..., Process], tmp_path: Path, eventually: Any
) -> None:
    first = serve()
    eventually(first.is_alive)
    second = subprocess.run(
        [sys.executable, "-m", "services.gateway", "serve"],
        env={
            **os.environ,
            "PASSAGE_KAFKA": "127.0.0.1:1",
            "PASSAGE_GATEWAY_TOKENS": f"{tmp_path / 'tokens.json'}",
            "PASSAGE_GATEWAY_OUTBOX": f"{tmp_path / 'outbox.db'}",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 1
    assert f"process {first.process.pid} delivers from this outbox already" in second.stderr
