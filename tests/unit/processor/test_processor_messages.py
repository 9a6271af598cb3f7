"""When a message came, and the dead letter that a refused one becomes."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.codec import InvalidEvent, decode
from schemas.dead_letters import RECEIVED_AT_HEADER, WITHHELD
from schemas.headers import GATEWAY_RECEIVED_AT
from schemas.reasons import Reason
from services.core.decisions import Rejected
from services.processor.messages import Message, arrival, dead_letter

NINE = datetime(2026, 11, 16, 8, tzinfo=UTC)
LEFT: dict[str, Any] = {
    "type": "left",
    "version": 1,
    "event_id": "01936b6e-0000-7000-8000-000000000001",
    "source": "borne-1",
    "boot_id": "01936b6e-0000-7000-8000-000000000002",
    "seq": 4,
    "monotonic_ms": 0,
    "occurred_at": NINE.isoformat(),
    "clock": {"synced": True},
    "site": "creteil",
    "visit_id": "01936b6e-0000-7000-8000-000000000003",
}


def message(value: bytes | None) -> Message:
    return Message("visit-events", 2, 41, NINE, value)


def test_a_refused_event_says_where_it_stood_and_can_be_sent_again() -> None:
    value = json.dumps(LEFT).encode()
    event = decode(value)
    assert not isinstance(event, InvalidEvent)
    letter = dead_letter(message(value), Rejected(Reason.UNKNOWN_SITE, "site", "no site"), event)
    assert (letter.topic, letter.partition, letter.offset) == ("visit-events", 2, 41)
    assert (letter.reason, letter.field) == (Reason.UNKNOWN_SITE, "site")
    assert (letter.event_id, letter.site, letter.source) == (event.event_id, "creteil", "borne-1")
    assert (letter.bytes, letter.sha256) == (len(value), hashlib.sha256(value).hexdigest())
    assert letter.replayable
    assert decode(json.dumps(letter.body).encode()) == event


def test_the_value_of_an_identity_field_is_nowhere_in_its_dead_letter() -> None:
    value = json.dumps(LEFT | {"visitor_name": "Camille Durand", "reason": "0612345678"}).encode()
    refusal = decode(value)
    assert isinstance(refusal, InvalidEvent)
    letter = dead_letter(message(value), refusal)
    assert letter.reason is Reason.IDENTITY_FIELD
    assert not letter.replayable
    assert "visitor_name" not in (letter.body or {})
    assert (letter.body or {})["reason"] == WITHHELD
    assert "Durand" not in letter.model_dump_json()
    assert "0612345678" not in letter.model_dump_json()


def test_a_message_without_a_body_is_a_dead_letter_of_no_bytes() -> None:
    refusal = decode(None)
    assert isinstance(refusal, InvalidEvent)
    letter = dead_letter(message(None), refusal)
    assert (letter.reason, letter.bytes, letter.body) == (Reason.EMPTY_BODY, 0, None)
    assert not letter.replayable


def test_bytes_that_are_no_event_leave_only_their_size_and_digest() -> None:
    value = b"\xff\xfe not json"
    refusal = decode(value)
    assert isinstance(refusal, InvalidEvent)
    letter = dead_letter(message(value), refusal)
    assert (letter.reason, letter.body, letter.bytes) == (Reason.NOT_JSON, None, len(value))
    assert letter.event_id is None


def header(name: str, at: datetime) -> tuple[str, bytes]:
    return name, at.isoformat().encode()


def test_what_waited_at_a_gateway_came_when_the_gateway_took_it() -> None:
    taken_at, again_at = NINE - timedelta(minutes=20), NINE - timedelta(minutes=5)
    headers = [header(GATEWAY_RECEIVED_AT, again_at), header(GATEWAY_RECEIVED_AT, taken_at)]
    assert arrival(NINE, headers) == (taken_at, False)
    # A dead letter that is sent again keeps the time at which the gateway took the event.
    replayed = [*headers, header(RECEIVED_AT_HEADER, again_at)]
    assert arrival(NINE + timedelta(hours=1), replayed) == (taken_at, True)


@pytest.mark.parametrize("name", [GATEWAY_RECEIVED_AT, RECEIVED_AT_HEADER])
@pytest.mark.parametrize(
    "said",
    [
        (NINE + timedelta(seconds=1)).isoformat(),
        (NINE - timedelta(days=400)).isoformat(),
        "2026-11-16T07:59:00",
        "yesterday",
        "",
    ],
    ids=["future", "past the horizon", "naive", "no time", "empty"],
)
def test_an_arrival_that_cannot_be_is_not_believed(name: str, said: str) -> None:
    headers = [("traceparent", b"00-x"), (name, said.encode())]
    assert arrival(NINE, headers) == (NINE, name == RECEIVED_AT_HEADER)
