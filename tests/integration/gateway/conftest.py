"""A gateway in this process: without a broker, or on the real one with topics of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from services.gateway.tokens import TokenFile

SITE = "creteil-accueil"
SOURCES = ("acc-borne-1", "acc-guichets")
NOWHERE = "127.0.0.1:1"


class Gateway:
    """A running gateway and a sender with a token."""

    def __init__(self, client: TestClient, token: str, settings: GatewaySettings) -> None:
        self.client = client
        self.token = token
        self.settings = settings

    def send(self, body: Any, content_type: str = "application/json", **headers: str) -> Any:
        """The answer to a body; what is no text is sent as JSON."""
        content = body if isinstance(body, bytes | str) else json.dumps(body)
        return self.post(content, **{"Content-Type": content_type, **headers})

    def post(self, content: Any, **headers: str) -> httpx2.Response:
        named = {"Authorization": f"Bearer {self.token}", **headers}
        named = {name.replace("_", "-"): value for name, value in named.items()}
        return self.client.post("/v1/events", content=content, headers=named)

    def metric(self, sample: str) -> float:
        """The value of a sample of /metrics."""
        lines = self.client.get("/metrics").text.splitlines()
        return next((float(line.split()[-1]) for line in lines if line.startswith(sample)), 0.0)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Gateway]]:
    """Starts a gateway; it ends with the test, or before another one starts."""
    running: list[TestClient] = []

    def stop() -> None:
        while running:
            running.pop().__exit__(None, None, None)

    def start(kafka: str = NOWHERE, **changes: Any) -> Gateway:
        stop()
        settings = GatewaySettings(
            kafka=kafka,
            **{
                "gateway_tokens": tmp_path / "tokens.json",
                "gateway_outbox": tmp_path / "outbox.db",
                "gateway_outbox_min_free_mb": 0,
                **changes,
            },
        )
        tokens = TokenFile(settings.gateway_tokens)
        name = f"sender-{len(tokens.read())}"
        token = tokens.create(name, SITE, SOURCES, None, datetime.now(UTC))
        client = TestClient(create_app(settings), raise_server_exceptions=False)
        running.append(client.__enter__())
        return Gateway(client, token, settings)

    yield start
    stop()


@pytest.fixture
def alone(start: Callable[..., Gateway]) -> Gateway:
    """A gateway whose broker is away for ever."""
    return start()
