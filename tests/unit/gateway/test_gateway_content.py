"""A body taken apart: JSON, NDJSON and the two modes of CloudEvents."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import InvalidEvent, decode
from schemas.reasons import Reason
from services.core.visit_id import of_ticket
from services.gateway import examples
from services.gateway.content import (
    MEDIA_TYPES,
    NotJson,
    TooManyEvents,
    UnsupportedMediaType,
    candidates,
)
from tests.events import ticket

TICKET = ticket()
DATA = {name: value for name, value in TICKET.items() if name not in ("event_id", "type", "source")}
CLOUD_EVENT = {
    "specversion": "1.0",
    "id": TICKET["event_id"],
    "source": "urn:kiosk:acc-borne-1",
    "type": "com.example.ticket_issued.v1",
    "data": DATA,
}


def found(body: Any, content_type: str = "application/json", **headers: str) -> list[Any]:
    """What each candidate is."""
    named = {"content-type": content_type, **{k.replace("_", "-"): v for k, v in headers.items()}}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return [
        decode(one) if isinstance(one, bytes) else one for one in candidates(named, content, 10)
    ]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (TICKET, "application/json"),
        (TICKET, "Application/JSON; charset=UTF-8"),
        ([TICKET], "application/json"),
        (json.dumps(TICKET).encode() + b"\r\n\n", "application/x-ndjson"),
        (json.dumps(TICKET).encode(), "application/jsonl"),
        (CLOUD_EVENT, "application/cloudevents+json"),
        ([CLOUD_EVENT], "application/cloudevents-batch+json"),
        ({**CLOUD_EVENT, "data": TICKET}, "application/cloudevents+json"),
        ({**CLOUD_EVENT, "source": "/hall/acc-borne-1/"}, "application/cloudevents+json"),
        ({**CLOUD_EVENT, "source": "acc-borne-1"}, "application/cloudevents+json"),
        ({**CLOUD_EVENT, "type": "ticket_issued"}, "application/cloudevents+json"),
        ({**CLOUD_EVENT, "id": TICKET["event_id"].upper()}, "application/cloudevents+json"),
    ],
)
def test_every_form_holds_the_same_event(body: Any, content_type: str) -> None:
    assert found(body, content_type) == [decode(json.dumps(TICKET).encode())]


@pytest.mark.parametrize(
    "form", ["application/cloudevents+json", "application/cloudevents-batch+json"]
)
def test_a_cloud_event_in_the_body_has_no_use_for_headers(form: str) -> None:
    body = [CLOUD_EVENT] if "batch" in form else CLOUD_EVENT
    again = found(body, form, ce_specversion="1.0", ce_id="another")
    assert again == [decode(json.dumps(TICKET).encode())]


def test_a_cloud_event_in_binary_mode_has_its_attributes_in_headers() -> None:
    at = "2026-11-25T09:14:03%2B01:00"
    data = {name: value for name, value in DATA.items() if name not in ("occurred_at", "visit_id")}
    [event] = found(
        data,
        ce_specversion="1.0",
        ce_id=TICKET["event_id"],
        ce_type="ticket_issued",
        ce_source="//vendor.example/acc-borne-1",
        ce_time=at,
        ce_subject=TICKET["visit_id"],
    )
    assert (str(event.event_id), event.type) == (TICKET["event_id"], "ticket_issued")
    assert (event.source, str(event.visit_id)) == ("acc-borne-1", TICKET["visit_id"])
    assert event.occurred_at.isoformat() == "2026-11-25T08:14:03+00:00"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"id": ""}, "id"),
        ({"source": None}, "source"),
        ({"type": 3}, "type"),
        ({"time": 3}, "time"),
        ({"subject": ["a"]}, "subject"),
        ({"data": "text"}, "data"),
        ({"data": None, "data_base64": "e30="}, "data"),
        ({"datacontenttype": "text/xml"}, "datacontenttype"),
        ({"data": TICKET, "id": "another"}, "id"),
        ({"data": TICKET, "type": "called"}, "type"),
        ({"data": TICKET, "type": "ticket_issued.v2"}, "type"),
        ({"data": TICKET, "source": "/hall/acc-borne-2"}, "source"),
    ],
)
def test_what_is_wrong_with_a_cloud_event_is_named(changes: dict[str, Any], field: str) -> None:
    [refused] = found({**CLOUD_EVENT, **changes}, "application/cloudevents+json")
    assert (refused.reason, refused.field) == (Reason.INVALID_FIELD, field)


def test_the_data_of_a_cloud_event_says_itself_when_it_happened_and_to_whom() -> None:
    [event] = found(
        {**CLOUD_EVENT, "time": "2020-01-01T00:00:00Z", "subject": "queue 7"},
        "application/cloudevents+json",
    )
    assert event == decode(json.dumps(TICKET).encode())


def test_a_line_that_is_no_json_does_not_harm_the_others() -> None:
    body = b"{]\n" + json.dumps(TICKET).encode() + b"\n3\n"
    first, event, last = found(body, "application/x-ndjson")
    assert first.reason is last.reason is Reason.NOT_JSON
    assert not isinstance(event, InvalidEvent)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"[]", "application/json"),
        (b"{", "application/json"),
        (b"\xff", "application/json"),
        (b"[NaN]", "application/json"),
        (b"[" * 10_000, "application/json"),
        (b"\n \n", "application/x-ndjson"),
        (b"[]", "application/cloudevents-batch+json"),
        (b"nothing", "application/cloudevents+json"),
    ],
)
def test_a_body_without_events_to_tell_apart_is_no_json(body: bytes, content_type: str) -> None:
    with pytest.raises(NotJson):
        found(body, content_type)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/xml"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": "application/json", "content-encoding": "gzip"},
        {"content-type": "application/x-ndjson", "ce-specversion": "1.0"},
    ],
)
def test_other_content_is_not_read(headers: dict[str, str]) -> None:
    with pytest.raises(UnsupportedMediaType):
        candidates(headers, b"{}", 10)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"[" + b",".join([b"{}"] * 11) + b"]", "application/json"),
        (b"[" + b",".join([b"{}"] * 11) + b"]", "application/cloudevents-batch+json"),
        (b"{}\n" * 11, "application/x-ndjson"),
    ],
)
def test_more_events_than_a_request_may_have_are_too_many(body: bytes, content_type: str) -> None:
    with pytest.raises(TooManyEvents, match="11"):
        found(body, content_type)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_envelopes = st.fixed_dictionaries(
    {},
    optional={
        name: st.sampled_from(["1.0", "a", "ticket_issued.v1", "..", "/"]) | _values
        for name in ("specversion", "id", "source", "type", "time", "subject", "data")
    },
)


@given(st.sampled_from(MEDIA_TYPES), st.binary() | st.builds(json.dumps, _values | _envelopes))
def test_no_body_whatsoever_is_more_than_refused(media_type: str, body: bytes | str) -> None:
    content = body.encode(errors="surrogatepass") if isinstance(body, str) else body
    try:
        many = candidates({"content-type": media_type}, content, 100)
    except (NotJson, TooManyEvents):
        return
    for one in many:
        assert isinstance(decode(one) if isinstance(one, bytes) else one, InvalidEvent)


@given(_envelopes)
def test_no_headers_whatsoever_are_more_than_refused(envelope: dict[str, Any]) -> None:
    headers = {f"ce-{name}": str(value) for name, value in envelope.items()}
    headers |= {"content-type": "application/json", "ce-specversion": "1.0"}
    [one] = candidates(headers, b'{"version": 1}', 100)
    assert isinstance(decode(one) if isinstance(one, bytes) else one, InvalidEvent)


def test_the_examples_are_of_one_visit_and_spelled_as_a_device_would() -> None:
    visit = of_ticket("creteil-accueil", "acc-titres", date(2026, 11, 25), "T042")
    for event in (examples.TICKET, examples.CALLED, examples.SERVED):
        assert event["visit_id"] == str(visit)
