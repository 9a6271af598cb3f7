from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from schemas.footfall import FootfallMessage, Progress
from services.live.app import Application
from services.live.board import Board
from services.live.pages import Pages
from services.live.picture import Known
from tests.unit.live.test_live_picture import NOON, bucket, local, site, waiting

Client = TestClient[Any, Any]


class Hall:
    """A board at noon, what it knows, and clients of its pages."""

    def __init__(self) -> None:
        self.now = NOON
        self.app = Application("hall", broker="kafka://127.0.0.1:1", store="memory://")
        self.board = Board(self.app, timedelta(minutes=3), now=lambda: self.now)

    def knows(self, *messages: FootfallMessage) -> None:
        known = self.board.table.get("accueil") or Known()
        for message in messages:
            known.take(message)
        self.board.table["accueil"] = known
        self.board.is_complete = True
        self.board.as_of = self.now


@pytest.fixture
def hall() -> Hall:
    return Hall()


@pytest.fixture
async def client(hall: Hall) -> AsyncIterator[Callable[..., Any]]:
    """Makes a client; its pages may be read from the given origins."""
    clients: list[Client] = []

    async def make(*origins: str) -> Client:
        Pages(hall.app, hall.board, frozenset(origins)).add()
        hall.app.web.init_server()
        clients.append(TestClient(TestServer(hall.app.web.web_app)))
        await clients[-1].start_server()
        return clients[-1]

    yield make
    for one in clients:
        await one.close()


@pytest.mark.parametrize("path", ["/health", "/sites", "/sites/accueil"])
async def test_while_it_is_rebuilt_there_is_no_picture(client: Any, path: str) -> None:
    response = await (await client()).get(path)
    assert response.status == 503
    assert response.headers["Retry-After"] == "2"
    assert (await response.json()).get("complete", False) is False


async def test_a_site_is_json_that_nobody_keeps(hall: Hall, client: Any) -> None:
    hall.knows(site(), bucket(local(9), 3), waiting(2, local(11, 50)))
    response = await (await client()).get("/sites/accueil")
    assert response.status == 200
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in response.headers
    body = await response.json()
    assert (body["label"], body["date"], body["open"]) == ("Accueil général", "2026-03-10", True)
    assert (body["passages"], body["waiting"], body["longest_wait_s"]) == (3, 2, 600)
    assert (body["silent_devices"], body["stale"], body["complete"]) == (["borne"], False, True)


async def test_an_unknown_site_is_answered_with_those_there_are(hall: Hall, client: Any) -> None:
    hall.knows(site())
    browser = await client()
    for path in ("/sites/atlantis", "/sites/atlantis/events"):
        response = await browser.get(path)
        assert response.status == 404
        assert await response.json() == {
            "error": "there is no site 'atlantis'",
            "sites": ["accueil"],
        }


async def test_a_picture_is_stale_when_nothing_says_that_it_is_not(hall: Hall, client: Any) -> None:
    hall.knows(site())
    hall.now += timedelta(seconds=11)
    body = await (await (await client()).get("/sites/accueil")).json()
    assert (body["stale"], body["as_of"]) == (True, "2026-03-10T11:00:00Z")


@pytest.mark.parametrize(
    ("allowed", "allows"),
    [(["*"], "*"), (["http://hall"], "http://hall"), (["http://other"], None), ([], None)],
)
async def test_pages_of_the_allowed_origins_may_read_it(
    hall: Hall, client: Any, allowed: list[str], allows: str | None
) -> None:
    hall.knows(site())
    browser = await client(*allowed)
    for path in ("/sites", "/sites/accueil", "/sites/atlantis", "/sites/accueil/events"):
        response = await browser.get(path, headers={"Origin": "http://hall"})
        assert response.headers.get("Access-Control-Allow-Origin") == allows
        response.close()


async def test_events_come_at_once_and_at_each_change_and_no_more_often(
    hall: Hall, client: Any
) -> None:
    hall.knows(site(), waiting(1, local(11)))
    response = await (await client()).get("/sites/accueil/events")
    assert await response.content.readuntil(b"\n\n") == b"retry: 2000\n\n"
    first = await event(response)
    assert (first["waiting"], first["longest_wait_s"]) == (1, 3600)
    # Time alone is no change; what comes within half a second comes as one.
    for people in range(2, 30):
        hall.now += timedelta(milliseconds=1)
        hall.knows(waiting(people, local(11), as_of=hall.now))
    second = await event(response)
    assert second["waiting"] == 29
    response.close()


async def event(response: Any) -> dict[str, Any]:
    block = (await response.content.readuntil(b"\n\n")).decode()
    fields = dict(line.split(": ", 1) for line in block.strip().splitlines())
    assert fields.keys() == {"id", "data"}
    return dict(json.loads(fields["data"]))


async def test_an_event_stream_waits_for_the_rebuild(hall: Hall, client: Any) -> None:
    hall.board.table["accueil"] = Known()
    browser = await client()
    asked = browser.get("/sites/accueil/events")
    hall.knows(site())
    response = await asked
    assert response.status == 200
    response.close()


def test_progress_never_goes_back(hall: Hall) -> None:
    for second in (2, 1):
        at = NOON + timedelta(seconds=second)
        hall.board.take(Progress(version=1, type="progress", as_of=at).model_dump_json().encode())
    assert hall.board.as_of == NOON + timedelta(seconds=2)


@pytest.mark.parametrize("value", [None, b"", b"{", b'{"type": "bucket", "version": 2}', b"\xff"])
def test_what_is_not_understood_leaves_the_picture_as_it_is(
    hall: Hall, value: bytes | None
) -> None:
    hall.knows(site(), bucket(local(9), 3))
    before = hall.board.shown("accueil")
    hall.board.take(value)
    assert hall.board.shown("accueil") == before
