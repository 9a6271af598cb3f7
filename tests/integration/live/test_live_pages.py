"""What a hall display gets: a picture at once, and every change as it happens."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any

from tests.events import message, ticket
from tests.integration.live.conftest import SITE, Live
from tests.pipeline import Pipeline


def test_a_ticket_is_seen_by_a_display_as_it_is_taken(
    pipeline: Pipeline, live: Any, eventually: Any
) -> None:
    pipeline.worker()
    display: Live = live()
    eventually(lambda: display.status(f"/sites/{SITE}") == 200)

    with display.events() as events:
        first = json.loads(next(events)["data"])
        assert (first["site"], first["waiting"], first["longest_wait_s"]) == (SITE, 0, None)
        at = datetime.now(UTC)
        pipeline.publish([message(ticket(occurred_at=at.isoformat()))])
        for event in events:
            seen = json.loads(event["data"])
            if seen["waiting"]:
                break
    assert datetime.fromisoformat(event["id"]) >= at
    [directorate] = seen["directorates"]
    assert (directorate["code"], directorate["passages"], directorate["waiting"]) == ("dcl", 1, 1)
    assert directorate["label"] == "Direction de la citoyenneté et de la légalité"
    assert datetime.fromisoformat(seen["waiting_since"]) == at
    assert 0 <= seen["longest_wait_s"] < 60
    assert not seen["stale"]
    assert display.picture()["waiting"] == 1

    status, body = display.get("/sites/atlantis")
    assert status == 404
    assert SITE in body["sites"]
    assert [one["site"] for one in display.get("/sites")[1]["sites"]] == body["sites"]


def test_displays_that_do_not_read_hold_up_nobody(
    pipeline: Pipeline, live: Any, eventually: Any
) -> None:
    display: Live = live()
    pipeline.worker()
    eventually(lambda: display.status(f"/sites/{SITE}") == 200)
    idle = [HTTPConnection("127.0.0.1", display.port) for _ in range(50)]
    try:
        for connection in idle:
            connection.request("GET", f"/sites/{SITE}/events")
        for number in range(3):
            pipeline.publish([message(ticket(number=f"A{number:03}", seq=number + 1))])
            eventually(lambda n=number: display.picture()["waiting"] == n + 1)
        # Told to stop, it does not wait for its displays.
        assert display.end() == 0
    finally:
        for connection in idle:
            connection.close()
