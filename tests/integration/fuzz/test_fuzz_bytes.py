"""Bytes that no client would send: each is answered in time, and never with an error of ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.client import HTTPConnection
from urllib.parse import quote_from_bytes

import hypothesis
import pytest
from hypothesis import strategies as st

from services.adapters.mapping_file import load_mapping
from services.adapters.signature import sign
from services.gateway import examples
from services.gateway.content import MEDIA_TYPES
from tests.integration.fuzz.conftest import HOOK_SECRET, QMINDER, Effort
from tests.integration.fuzz.mess import NASTY, heads, spoiled
from tests.integration.fuzz.served import NO_ANSWER, Served

EVENTS = [examples.TICKET, examples.CALLED, examples.SERVED, examples.HEARTBEAT]
ENVELOPES = [examples.CLOUD_EVENT]
CONTENT_TYPES = (
    *MEDIA_TYPES,
    *("", "text/plain", "application/json; charset=utf-16", "application/json;;=", "a/b/c"),
)
DOCUMENTED = {202, 400, 401, 403, 404, 405, 408, 413, 415, 422, 429, 503}
# What no header may hold ends the connection: `heads` has it.
MESSY_TEXT = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=40
)


def trying(effort: Effort, times: int = 1) -> hypothesis.settings:
    return hypothesis.settings(
        max_examples=effort.examples * times,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )


def test_heads_that_are_wrong_are_refused_or_cut_off(
    gateway: Served, unharmed: Callable[[Served], bool]
) -> None:
    for raw in heads("/v1/events", gateway.authorization["Authorization"]):
        status = gateway.told(raw)
        assert status in DOCUMENTED | {NO_ANSWER, 100}, (status, raw[:200])
    assert unharmed(gateway)


def test_a_half_body_is_given_up(gateway: Served) -> None:
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {gateway.key}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    assert gateway.told(f"{head}5\r\n[{{".encode()) == 408


def test_bodies_that_are_nearly_events_are_refused(
    gateway: Served, effort: Effort, unharmed: Callable[[Served], bool]
) -> None:
    connection = HTTPConnection("127.0.0.1", gateway.port, timeout=30)

    @trying(effort, times=6)
    @hypothesis.given(
        body=spoiled([*EVENTS, *ENVELOPES, EVENTS]) | st.binary(max_size=100),
        content_type=st.sampled_from(CONTENT_TYPES),
        more=st.dictionaries(
            st.sampled_from(
                ["ce-specversion", "ce-id", "ce-type", "ce-source", "ce-time", "ce-data", "ce-"]
            ),
            st.sampled_from(["1.0", "%ED%A0%80", "%", "a.v999", "urn:x:acc-borne-1", "0" * 500])
            | MESSY_TEXT,
            max_size=5,
        ),
    )
    def is_refused(body: bytes, content_type: str, more: dict[str, str]) -> None:
        headers = {**gateway.authorization, "Content-Type": content_type, **more}
        connection.request("POST", "/v1/events", body, headers)
        response = connection.getresponse()
        told = response.read()
        assert response.status in DOCUMENTED, told
        if response.headers["Content-Type"] == "application/json":
            assert len(json.loads(told)["results"]) >= 1

    is_refused()
    connection.close()
    assert unharmed(gateway)


def test_webhooks_that_are_signed_and_nearly_as_documented_do_no_harm(
    gateway: Served, effort: Effort, unharmed: Callable[[Served], bool]
) -> None:
    signature = load_mapping(QMINDER / "mapping.yaml").signature
    assert signature is not None
    samples = [json.loads(one.read_bytes()) for one in sorted(QMINDER.glob("samples/*.json"))]
    connection = HTTPConnection("127.0.0.1", gateway.port, timeout=30)

    @trying(effort, times=3)
    @hypothesis.given(body=spoiled(samples))
    def is_answered(body: bytes) -> None:
        signed = {signature.header: sign(signature, body, HOOK_SECRET)}
        connection.request("POST", "/v1/hooks/qminder", body, signed)
        response = connection.getresponse()
        told = response.read()
        assert response.status in {202, 400, 422, 503}, told

    is_answered()
    connection.close()
    assert unharmed(gateway)


DATES = ("0001-01-01", "1900-01-01", "9999-12-31", "2026-11-16", "20261116", "0", "-1")
VALUES = st.sampled_from(
    [*DATES, "9999-W53", "0000-S9", "2026-T4", "9" * 5_000, "\x00", "x" * 9_000, *NASTY[:12]]
).map(lambda text: text.encode("utf-8", "replace")) | st.binary(max_size=12)
NAMES = (
    *("from", "to", "period", "by", "site", "directorate", "service", "channel", "split"),
    *("compare", "publish", "format", "limit", "offset", "lang", "measure"),
)
SANE = (b"hour", b"day", b"year", b"site", b"previous", b"last-year", b"true", b"csv", b"xlsx")
QUESTIONS = st.lists(st.tuples(st.sampled_from(NAMES), VALUES | st.sampled_from(SANE)), max_size=4)


@pytest.mark.parametrize("path", ["/api/v1/history", "/api/v1/waits", "/"])
def test_questions_that_nobody_asks_have_no_answer(
    web: Served, effort: Effort, path: str, unharmed: Callable[[Served], bool]
) -> None:
    connection = HTTPConnection("127.0.0.1", web.port, timeout=30)

    @trying(effort)
    @hypothesis.example(asked=[("from", b"0001-01-01")])
    @hypothesis.example(asked=[("period", b"0001"), ("by", b"year"), ("compare", b"previous")])
    @hypothesis.example(asked=[("from", b"1950-01-01"), ("to", b"2026-01-01"), ("by", b"year")])
    @hypothesis.example(asked=[("from", b"2026-01-01"), ("to", b"9999-12-31"), ("by", b"year")])
    @hypothesis.given(asked=QUESTIONS)
    def is_answered(asked: list[tuple[str, bytes]]) -> None:
        query = "&".join(f"{name}={quote_from_bytes(value)}" for name, value in asked)
        connection.request("GET", f"{path}?{query}", headers=web.authorization)
        response = connection.getresponse()
        told = response.read()
        assert response.status in {200, 422}, (query, told[:300])

    is_answered()
    connection.close()
    assert unharmed(web)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"key=%ED%A0%80"),
        ("application/x-www-form-urlencoded", b"key=" + b"x" * 100_000),
        ("application/x-www-form-urlencoded", b"key=a&key=b&" + b"&" * 5_000),
        ("multipart/form-data", b"key"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n"),
        (
            "multipart/form-data; boundary=x; charset=unicode_escape",
            b'--x\r\nContent-Disposition: form-data; name="key"\r\n\r\n\\ud800\r\n--x--\r\n',
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="key"; filename="a"\r\n\r\n\r\n--x--',
        ),
        ("application/json", b'{"key": 1}'),
    ],
)
def test_keys_that_are_none_do_not_sign_in(web: Served, content_type: str, body: bytes) -> None:
    status = web.status("POST", "/sign-in", body, Content_Type=content_type)
    assert status in {400, 401, 413, 422}


def test_web_heads_that_are_wrong_are_refused_or_cut_off(
    web: Served, unharmed: Callable[[Served], bool]
) -> None:
    for raw in heads("/sign-in", web.authorization["Authorization"]):
        status = web.told(raw)
        assert status < 500, (status, raw[:200])
    assert unharmed(web)
