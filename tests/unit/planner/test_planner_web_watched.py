"""What can be seen of the web server from outside: numbers by route, and nothing of who asked."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from services.planner.web.app import create_app
from services.planner.web.keys import KeyFile
from services.planner.web.settings import WebSettings
from services.runtime.logs import JsonFormatter

AWAY = "postgresql://passage_reader:secret@127.0.0.1:1/passage"
PERSON = "Camille Dupont"


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(create_app(WebSettings(database_reader=AWAY))) as client:
        yield client


def test_requests_are_counted_by_route_and_status(client: TestClient) -> None:
    client.get("/api/v1/history", params={"from": "2026-11-16"})
    client.get("/api/v1/history", params={"from": PERSON})
    client.get(f"/{PERSON}")
    client.get("/static/nothing.css")
    numbers = client.get("/metrics").text
    for route, status in (
        ("/api/v1/history", 503),
        ("/api/v1/history", 422),
        ("none", 404),
        ("/static", 404),
    ):
        assert f'passage_web_requests_total{{route="{route}",status="{status}"}} 1.0' in numbers
    assert 'passage_web_request_seconds_count{route="/api/v1/history"} 2.0' in numbers
    assert "Dupont" not in numbers


@pytest.mark.parametrize(
    "path",
    [
        f"/api/v1/history?from=2026-11-16&nom={PERSON}",
        f"/api/v1/history?from=2026-11-16&site={PERSON}",
        f"/?site={PERSON}&telephone=0612345678",
        f"/{PERSON}",
    ],
)
def test_what_somebody_types_is_in_no_line(
    client: TestClient, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    with caplog.at_level("INFO"):
        client.get(path)
    ours = [one for one in caplog.records if one.name == "passage.access"]
    assert ours
    formatter = JsonFormatter("web")
    lines = [formatter.format(one) for one in caplog.records if one.name != "httpx2"]
    assert all(json.loads(line)["service"] == "web" for line in lines)
    assert "Dupont" not in "".join(lines)
    assert "0612345678" not in "".join(lines)


def test_it_lives_and_is_not_ready_while_the_database_is_away(client: TestClient) -> None:
    assert client.get("/alive").status_code == client.get("/health").status_code == 200
    response = client.get("/ready")
    assert (response.status_code, response.json()) == (503, {"ready": False})


def test_with_keys_the_metrics_need_one_and_the_probes_do_not(tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "keys.json")
    key = keys.create("prometheus", None, date(2026, 11, 25))
    settings = WebSettings(database_reader=AWAY, api_keys=keys.path)
    with TestClient(create_app(settings)) as client:
        assert client.get("/metrics").status_code == 401
        assert client.get("/alive").status_code == 200
        assert client.get("/ready").status_code == 503
        found = client.get("/metrics", headers={"Authorization": f"Bearer {key}"})
        assert "passage_web_build_info" in found.text


def test_probes_and_metrics_are_not_logged(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        for path in ("/alive", "/ready", "/metrics"):
            client.get(path)
    assert [one for one in caplog.records if one.name == "passage.access"] == []
