"""A device that delivers through a gateway instead of to the broker."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from schemas.codec import decode
from services.edge.delivery import Verdict, judge, problem_of
from services.edge.emitter import Emitter
from services.edge.gateway import gateway_producers
from services.edge.outbox import Outbox
from services.edge.settings import EdgeSettings
from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from services.gateway.tokens import TokenFile
from services.runtime.settings import InvalidSetting

SITE, DEVICE = "creteil", "creteil-kiosk-1"


class Server(uvicorn.Server):
    """A gateway on a port of its own, in a thread."""

    def __init__(self, settings: GatewaySettings) -> None:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # who connects before it has started waits
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        super().__init__(uvicorn.Config(create_app(settings), log_config=None))
        self._thread = threading.Thread(target=self.run, args=([listener],), daemon=True)
        self._listener = listener

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self.should_exit = True
        self._thread.join(20)
        self._listener.close()


@pytest.fixture
def gateway(broker: Any, topics: str, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts a gateway for the kiosk's broker and topics."""
    running: list[Server] = []

    def gateway(**changes: Any) -> Server:
        settings = {
            "kafka": broker.bootstrap,
            "topic_prefix": topics,
            "gateway_tokens": tmp_path / "tokens.json",
            "gateway_outbox": tmp_path / "gateway.db",
            "gateway_outbox_min_free_mb": 0,
        }
        server = Server(GatewaySettings(**{**settings, **changes}))
        server.begin()
        running.append(server)
        return server

    yield gateway
    for one in running:
        one.end()


@pytest.fixture
def token(tmp_path: Path) -> Path:
    """The file of the kiosk's token."""
    secret = TokenFile(tmp_path / "tokens.json").create(
        "kiosk", SITE, [DEVICE], None, datetime.now(UTC)
    )
    file = tmp_path / "token"
    file.write_text(secret + "\n")
    return file


def _settings(url: str, token: Path) -> EdgeSettings:
    return EdgeSettings(device=DEVICE, site=SITE, gateway=url, gateway_token_file=token)


def test_a_kiosk_delivers_through_a_gateway(
    kiosk: Any, gateway: Callable[..., Server], token: Path, arrived: Any
) -> None:
    server = gateway()
    kiosk.visits(200)
    emitter = Emitter(kiosk.outbox, gateway_producers(_settings(server.url, token)))
    emitter.run(threading.Event(), until_empty=True)
    assert sorted(event.seq for event in arrived()) == list(range(1, 601))
    assert set(arrived()) == set(kiosk.reported)


def test_deliver_reads_where_to_from_the_environment(
    kiosk: Any, gateway: Callable[..., Server], token: Path, arrived: Any, monkeypatch: Any
) -> None:
    monkeypatch.setenv("PASSAGE_GATEWAY", gateway().url)
    monkeypatch.setenv("PASSAGE_GATEWAY_TOKEN_FILE", str(token))
    kiosk.address = "127.0.0.1:1"
    kiosk.visits(5)
    deliver = kiosk.command("deliver", "--timeout", "60")
    said, _ = deliver.communicate(timeout=90)
    assert said == "15 delivered, 0 wait, 0 refused\n"
    assert set(arrived()) == set(kiosk.reported)


def test_what_a_gateway_only_keeps_stays_in_the_kiosks_outbox_too(
    kiosk: Any, gateway: Callable[..., Server], token: Path, tmp_path: Path, eventually: Any
) -> None:
    server = gateway(kafka="127.0.0.1:1")
    kiosk.visits(3)
    stop = threading.Event()
    emitter = Emitter(
        kiosk.outbox, gateway_producers(_settings(server.url, token)), addresses=server.url
    )
    thread = threading.Thread(target=emitter.run, args=(stop,))
    thread.start()
    try:
        problem = eventually(lambda: _problem(kiosk, "BrokerAwayBehindGateway"))
    finally:
        stop.set()
        thread.join(20)
    assert "the gateway at http://127.0.0.1" in problem
    assert kiosk.outbox.depth() == 9
    with closing(Outbox(tmp_path / "gateway.db")) as kept:
        assert kept.depth() == 9


def _problem(kiosk: Any, with_word: str) -> str | None:
    problem = kiosk.outbox.status().problem
    return problem if problem and with_word in problem else None


class _Answers(BaseHTTPRequestHandler):
    """Answers every event as the server's `judgement` says."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append(body)  # type: ignore[attr-defined]
        told = self.server.judgement(body)  # type: ignore[attr-defined]
        status, answer = told if isinstance(told, tuple) else (202, told)
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", f"{len(content)}")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def stand_in() -> Iterator[Any]:
    """A server that answers as a test says."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    server.requests = []
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join(10)
    server.server_close()


def _each(body: bytes, result: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    return {"results": [result(decode(line)) for line in body.splitlines()]}


def test_an_event_that_the_gateway_refuses_is_put_aside_with_its_reason_and_the_rest_passes(
    kiosk: Any, stand_in: Any, token: Path
) -> None:
    kiosk.visits(20)
    bad = kiosk.reported[30].event_id

    def result(event: Any) -> dict[str, Any]:
        if event.event_id == bad:
            return {"result": "refused", "reason": "invalid_field", "field": "queue"}
        return {"result": "accepted"}

    stand_in.judgement = lambda body: _each(body, result)
    emitter = Emitter(
        kiosk.outbox,
        gateway_producers(_settings(stand_in.url, token)),
        backoff=lambda failures, spread: 0.0,
    )
    emitter.run(threading.Event(), until_empty=True)
    [refused] = kiosk.outbox.refused()
    assert refused.event_id == str(bad)
    assert refused.reason == "refused by the gateway: invalid_field, queue"


@pytest.mark.parametrize(
    ("status", "answer", "verdict", "said"),
    [
        (202, {"results": [{"result": "duplicate"}]}, None, ""),
        (503, {"results": [{"result": "kept"}]}, Verdict.AWAY, "does not answer"),
        (503, {"detail": "busy"}, Verdict.AWAY, "does not answer"),
        (429, {"detail": "often"}, Verdict.AWAY, "does not answer"),
        (500, {}, Verdict.AWAY, "does not answer"),
        (401, {"detail": "token"}, Verdict.MISCONFIGURED, "PASSAGE_GATEWAY_TOKEN_FILE"),
        (413, {"detail": "large"}, Verdict.MISCONFIGURED, "PASSAGE_GATEWAY_MAX_BODY_KB"),
        (404, {"detail": "none"}, Verdict.MISCONFIGURED, "correct PASSAGE_GATEWAY"),
        (301, {}, Verdict.MISCONFIGURED, "correct PASSAGE_GATEWAY"),
        (200, {"results": []}, Verdict.MISCONFIGURED, "correct PASSAGE_GATEWAY"),
        (
            403,
            {"results": [{"result": "refused", "reason": "forbidden", "field": "site"}]},
            Verdict.MISCONFIGURED,
            "does not speak for this site",
        ),
    ],
)
def test_an_answer_of_a_gateway_is_judged(
    stand_in: Any,
    token: Path,
    status: int,
    answer: dict[str, Any],
    verdict: Verdict | None,
    said: str,
) -> None:
    stand_in.judgement = lambda body: (status, answer)
    producer = gateway_producers(_settings(stand_in.url, token))()
    delivery = producer.send("visit-events", value=b"{}", key=b"")
    assert not delivery.is_done
    if verdict is None:
        delivery.get()
    else:
        with pytest.raises(Exception, match=r".*") as problem:
            delivery.get()
        assert judge(problem.value) is verdict
        assert said in problem_of(problem.value, stand_in.url)
    assert delivery.is_done
    producer.close(0)


def test_many_events_go_in_few_requests(stand_in: Any, token: Path) -> None:
    stand_in.judgement = lambda body: {
        "results": [{"result": "accepted"} for _ in body.splitlines()]
    }
    producer = gateway_producers(_settings(stand_in.url, token))()
    sent = [producer.send("t", value=b"x" * 1000, key=b"") for _ in range(600)]
    for delivery in sent:
        delivery.get(timeout=0)
    assert [len(body.splitlines()) for body in stand_in.requests] == [261, 261, 78]
    producer.close(0)


@pytest.mark.parametrize(
    ("url", "content", "said"),
    [
        ("http://127.0.0.1:1", None, "PASSAGE_GATEWAY_TOKEN_FILE cannot be read"),
        ("http://127.0.0.1:1", "", "holds no token"),
        ("http://127.0.0.1:1", "two\nlines", "holds no token"),
        ("https://127.0.0.1:1", "psgw_x", "PASSAGE_GATEWAY_CA_FILE cannot be read"),
    ],
)
def test_a_setting_that_is_wrong_is_named(
    tmp_path: Path, url: str, content: str | None, said: str
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    settings = _settings(url, file).model_copy(update={"gateway_ca_file": tmp_path / "none.pem"})
    with pytest.raises(InvalidSetting, match=said) as problem:
        gateway_producers(settings)()
    assert judge(problem.value) is Verdict.MISCONFIGURED


def test_a_gateway_that_is_not_there_is_away(token: Path) -> None:
    with pytest.raises(OSError, match="refused") as problem:
        gateway_producers(_settings("http://127.0.0.1:1", token))()
    assert judge(problem.value) is Verdict.AWAY


def test_the_token_is_in_no_log(
    stand_in: Any, token: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    stand_in.judgement = lambda body: (401, {})
    producer = gateway_producers(_settings(stand_in.url, token))()
    with pytest.raises(Exception, match="token") as problem:
        producer.send("t", value=b"{}", key=b"").get()
    secret = token.read_text().strip()
    assert secret not in str(problem.value)
    assert secret not in caplog.text
    producer.close(0)
