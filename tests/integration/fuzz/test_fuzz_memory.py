"""However much is asked, a server does not grow."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http.client import HTTPConnection
from random import Random

import pytest

from services.gateway.content import MEDIA_TYPES
from tests.events import ticket
from tests.integration.fuzz.conftest import Effort
from tests.integration.fuzz.mess import NASTY, put
from tests.integration.fuzz.served import Served

pytestmark = pytest.mark.timeout(1800)

MAY_GROW_MB = 12
"""Far less than what was sent to the gateway: 10 kB that stay of each request would be seen."""


def _bodies(chance: Random, count: int) -> list[bytes]:
    """Bodies of some 30 kB of events that are refused, and of what is no JSON at all."""
    bodies = []
    for _ in range(count):
        document = ticket(number="none", queue="x" * chance.randrange(30_000))
        path = chance.choice([("seq",), ("clock", "synced"), ("event_id",), ("type",)])
        bodies.append(
            put([document] * 2, (0, *path), chance.choice(NASTY)).encode("utf-8", "replace")
        )
        bodies.append(json.dumps([ticket(site="elsewhere") for _ in range(60)]).encode())
    return bodies


def _send(server: Served, requests: Sequence[tuple[str, str, bytes, str]], count: int) -> None:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    for number in range(count):
        method, path, body, content_type = requests[number % len(requests)]
        headers = {**server.authorization, "Content-Type": content_type}
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        response.read()
        assert response.status != 500
    connection.close()


@pytest.fixture
def gateway_requests() -> list[tuple[str, str, bytes, str]]:
    chance = Random(10)
    return [
        ("POST", "/v1/events", body, chance.choice(MEDIA_TYPES)) for body in _bodies(chance, 30)
    ] + [("POST", f"/v1/hooks/{number}", b"{}", MEDIA_TYPES[0]) for number in range(5)]


@pytest.fixture
def web_requests() -> list[tuple[str, str, bytes, str]]:
    asked = ["", "?period=9999", "?from=2026-11-16&split=site&by=hour", "?site=" + "x" * 9_000]
    paths = ["/api/v1/history" + one for one in asked] + ["/api/v1/waits", "/nowhere", "/"]
    return [("GET", path, b"", "text/plain") for path in paths]


@pytest.mark.parametrize(("name", "share"), [("gateway", 1.0), ("web", 0.06)])
def test_a_server_does_not_grow_with_what_it_is_asked(
    name: str, share: float, effort: Effort, request: pytest.FixtureRequest
) -> None:
    server: Served = request.getfixturevalue(name)
    requests = request.getfixturevalue(f"{name}_requests")
    count = round(effort.requests * share)
    _send(server, requests, count // 2)
    before_mb = server.resident_mb()
    _send(server, requests, count)
    assert server.resident_mb() - before_mb < MAY_GROW_MB
