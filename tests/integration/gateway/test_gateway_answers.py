"""What a sender is told while the broker is away: nothing here needs one."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from schemas.codec import decode
from services.edge.outbox import Outbox
from services.gateway.__main__ import gateway
from services.gateway.tokens import TokenFile
from services.runtime import logs
from tests.events import ticket
from tests.integration.gateway.conftest import NOWHERE, Gateway

Start = Callable[..., Gateway]


def outcomes(response: Any) -> list[str]:
    return [one["result"] for one in response.json()["results"]]


def waiting(gateway: Gateway) -> list[Any]:
    """The events on the gateway's disk, as another process sees them."""
    outbox = Outbox(gateway.settings.gateway_outbox)
    try:
        return [decode(entry.body) for entry in outbox.pending(10_000)]
    finally:
        outbox.close()


def test_without_the_broker_an_event_is_kept_and_the_sender_told_when_to_come_again(
    alone: Gateway,
) -> None:
    sent = ticket()
    response = alone.send(sent)
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert outcomes(response) == ["kept"]
    assert waiting(alone) == [decode(json.dumps(sent).encode())]
    assert alone.metric("passage_gateway_outbox_events ") == 1
    assert alone.metric("passage_gateway_kafka_up ") == 0


def test_a_gateway_without_the_broker_lives_and_is_not_ready(alone: Gateway) -> None:
    alone.send(ticket())
    ready = alone.client.get("/ready")
    assert ready.status_code == 503
    assert ready.json() == {
        "ready": False,
        "kafka": False,
        "room": True,
        "waiting": 1,
        "refused": 0,
    }
    for page in ("/health", "/alive"):
        assert alone.client.get(page).json() == {"alive": True}


def test_a_sender_that_tries_again_and_again_does_not_fill_the_outbox(
    alone: Gateway, start: Start
) -> None:
    batch = [ticket() for _ in range(3)]
    for _ in range(3):
        assert outcomes(alone.send(batch)) == ["kept"] * 3
    assert len(waiting(alone)) == 3
    # Nor does a gateway forget, when it starts again, what is on its disk.
    again = start()
    assert outcomes(again.send(batch)) == ["kept"] * 3
    assert len(waiting(again)) == 3


def test_an_event_that_is_twice_in_a_request_is_written_once(alone: Gateway) -> None:
    one = ticket()
    assert outcomes(alone.send([one, one])) == ["kept", "kept"]
    assert len(waiting(alone)) == 1


def test_another_event_under_a_known_id_is_a_conflict(alone: Gateway) -> None:
    first = ticket()
    other = {**first, "number": "A002"}
    response = alone.send([first, other])
    assert outcomes(response) == ["kept", "refused"]
    assert response.json()["results"][1]["reason"] == "conflict"
    again = alone.send(other)
    assert (again.status_code, outcomes(again)) == (422, ["refused"])
    # Spelled otherwise, it is the same event.
    spelled = {**dict(reversed(first.items())), "channel": "kiosk"}
    assert outcomes(alone.send(spelled)) == ["kept"]


def test_each_refused_event_of_a_batch_is_told_with_its_reason_and_field(alone: Gateway) -> None:
    batch = [
        ticket(),
        ticket(number="forty-two"),
        ticket(site="sp-lhay"),
        ticket(visitor_name="Durand"),
        ticket(type="arrived"),
        3,
    ]
    response = alone.send(batch)
    told = response.json()
    assert (told["kept"], told["refused"]) == (1, 5)
    assert [(one.get("reason"), one.get("field")) for one in told["results"]] == [
        (None, None),
        ("invalid_field", "number"),
        ("forbidden", "site"),
        ("identity_field", "visitor_name"),
        ("unknown_type", "type"),
        ("not_json", None),
    ]
    assert "Durand" not in response.text
    assert "forty-two" not in response.text


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"site": "sp-lhay"}, "site"), ({"source": "acc-accueil-1"}, "source")],
)
def test_a_token_does_not_speak_for_others(
    alone: Gateway, changes: dict[str, str], field: str
) -> None:
    response = alone.send(ticket(**changes))
    assert response.status_code == 403
    assert response.json()["results"][0]["field"] == field
    assert waiting(alone) == []


@pytest.mark.parametrize(
    ("body", "content_type", "status", "said"),
    [
        ("{", "application/json", 400, "not JSON"),
        ("", "application/json", 400, "not JSON"),
        ("[]", "application/json", 400, "no event"),
        ("{}", "text/plain", 415, "application/x-ndjson"),
        ("{}", "application/json; charset=latin-1", 415, "utf-8"),
        ([{}] * 6, "application/json", 413, "at most 5"),
        ("[" + " " * 3000 + "]", "application/json", 413, "2048 bytes"),
        ({}, "application/json", 422, ""),
    ],
)
def test_a_body_that_cannot_be_taken_in_is_a_problem_with_a_remedy(
    start: Start, body: Any, content_type: str, status: int, said: str
) -> None:
    gateway = start(gateway_max_body_kb=2, gateway_max_events=5)
    response = gateway.send(body, content_type)
    assert response.status_code == status
    if status != 422:
        assert response.headers["Content-Type"] == "application/problem+json"
        assert said in response.json()["detail"]
    assert gateway.metric(f'passage_gateway_requests_total{{status="{status}"}}') == 1


def test_a_body_of_unknown_length_is_cut_off_at_its_limit(start: Start) -> None:
    gateway = start(gateway_max_body_kb=1)
    given = 0

    def endless() -> Any:
        nonlocal given
        while given < 1000:
            given += 1
            yield b" " * 1024

    response = gateway.post(endless(), **{"Content-Type": "application/json"})
    assert response.status_code == 413


@pytest.mark.parametrize(
    "authorization", ["", "Bearer ", "Bearer psgw_wrong", "Basic dTpw", "psgw_wrong"]
)
def test_nobody_sends_without_a_token(alone: Gateway, authorization: str) -> None:
    response = alone.post("{}", Authorization=authorization, **{"Content-Type": "text/plain"})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_token_is_rotated_and_revoked_while_the_gateway_runs(alone: Gateway) -> None:
    tokens = TokenFile(alone.settings.gateway_tokens)
    old = alone.token
    new = tokens.rotate("sender-0", datetime.now(UTC), timedelta(hours=1))
    for alone.token in (old, new):
        assert alone.send(ticket()).status_code == 503
    tokens.revoke("sender-0", datetime.now(UTC))
    for alone.token in (old, new):
        assert alone.send(ticket()).status_code == 401


def test_a_broken_file_of_tokens_lets_nobody_in_and_is_the_operators_to_mend(
    alone: Gateway,
) -> None:
    alone.settings.gateway_tokens.write_text("[{]")
    os.utime(alone.settings.gateway_tokens, (0, 0))
    response = alone.send(ticket())
    assert response.status_code == 503
    assert "Retry-After" in response.headers
    assert str(alone.settings.gateway_tokens) not in response.text


def test_who_sends_too_often_is_told_how_long_to_wait(start: Start) -> None:
    gateway = start(gateway_requests_per_minute=2)
    answers = [gateway.send("{") for _ in range(3)]
    assert [one.status_code for one in answers] == [400, 400, 429]
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 30


def test_what_finds_no_room_is_not_kept_and_nothing_that_waits_is_dropped(start: Start) -> None:
    gateway = start(gateway_outbox_max_mb=0.1)
    kept: list[dict[str, Any]] = []
    while True:
        batch = [ticket() for _ in range(20)]
        response = gateway.send(batch)
        assert response.status_code == 503
        if outcomes(response) != ["kept"] * 20:
            break
        kept += batch
    assert outcomes(response) == ["not_kept"] * 20
    assert int(response.headers["Retry-After"]) > 0
    assert [str(event.event_id) for event in waiting(gateway)] == [e["event_id"] for e in kept]
    # What is there already needs no room.
    assert outcomes(gateway.send(kept[:3])) == ["kept"] * 3


def test_no_log_holds_a_token_or_what_was_sent(
    alone: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="passage")
    alone.send(ticket(visitor_name="Durand"))
    [line] = [record for record in caplog.records if record.message == "request"]
    assert vars(line)["token"] == "sender-0"
    assert vars(line)["events"] == {"refused": 1}
    logged = " ".join(f"{vars(record)}" for record in caplog.records)
    assert alone.token not in logged
    assert "Durand" not in logged


def test_pages_that_are_not_there_are_problems_too(alone: Gateway) -> None:
    assert alone.client.get("/v1/events").status_code == 405
    response = alone.client.get("/v2")
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"


def test_the_description_holds_every_type_of_event_and_every_answer(alone: Gateway) -> None:
    described = alone.client.get("/openapi.json").json()
    operation = described["paths"]["/v1/events"]["post"]
    assert set(operation["responses"]) == {
        *("202", "400", "401", "403", "408", "413", "415", "422", "429", "503")
    }
    schemas = described["components"]["schemas"]
    for reference in _references(described):
        assert reference.rpartition("/")[2] in schemas
    assert {"TicketIssued", "Heartbeat", "Result"} <= schemas.keys()
    assert operation["security"]


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        inner = [one for part in value.values() for one in _references(part)]
        return [value["$ref"], *inner] if isinstance(value.get("$ref"), str) else inner
    return [one for part in value for one in _references(part)] if isinstance(value, list) else []


def test_an_outbox_that_was_damaged_is_set_aside_and_what_can_be_read_goes_on(
    alone: Gateway, start: Start, tmp_path: Path
) -> None:
    alone.send([ticket() for _ in range(100)])
    alone.client.__exit__(None, None, None)
    outbox = Outbox(alone.settings.gateway_outbox)
    outbox.close()
    with alone.settings.gateway_outbox.open("r+b") as file:
        file.seek(4096 * 8)
        file.write(b"\xa5" * 4096)
    again = start()
    assert 50 < len(waiting(again)) < 100
    assert list(tmp_path.glob("outbox.db.damaged-*"))


def test_status_says_what_waits_and_that_a_person_is_needed(
    alone: Gateway, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone.send([ticket() for _ in range(3)])
    eventually(lambda: alone.metric("passage_gateway_kafka_up ") == 0)
    for name in ("OUTBOX", "TOKENS"):
        value = getattr(alone.settings, f"gateway_{name.lower()}")
        monkeypatch.setenv(f"PASSAGE_GATEWAY_{name}", f"{value}")

    def told() -> dict[str, Any]:
        result = CliRunner().invoke(gateway, ["status", "--json"])
        found = json.loads(result.output)
        assert result.exit_code == (1 if found["needs"] else 0)
        return found

    found = eventually(lambda: (one := told())["needs"] and one)
    assert (found["waiting"], found["process"]) == (3, os.getpid())
    assert "delivery goes on by itself" in found["needs"][0]
    assert "waiting           3" in CliRunner().invoke(gateway, ["status"]).output


@pytest.mark.parametrize(
    ("environ", "code", "said"),
    [
        ({}, 2, "PASSAGE_KAFKA is not set"),
        ({"PASSAGE_KAFKA": "kafka"}, 2, "PASSAGE_KAFKA is wrong"),
        ({"PASSAGE_KAFKA": NOWHERE, "PASSAGE_GATEWAY_PORT": "0"}, 2, "PASSAGE_GATEWAY_PORT"),
        ({"PASSAGE_KAFKA": NOWHERE, "PASSAGE_KAFKA_SECURITY": "SASL_SSL"}, 2, "PASSWORD"),
        ({"PASSAGE_KAFKA": NOWHERE, "PASSAGE_GATEWAY_OUTBOX": "/proc/outbox.db"}, 1, "/proc"),
    ],
)
def test_a_gateway_that_cannot_start_says_why(
    tmp_path: Path, environ: dict[str, str], code: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # no local stack
    own = {"PASSAGE_GATEWAY_OUTBOX": f"{tmp_path / 'outbox.db'}"}
    monkeypatch.setattr(logs, "configure", lambda *arguments: None)
    result = CliRunner().invoke(gateway, ["serve"], env={**own, **environ})
    assert result.exit_code == code
    assert said in result.output
