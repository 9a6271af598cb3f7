from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from schemas.codec import InvalidEvent, decode
from schemas.dead_letters import WITHHELD, presentable
from schemas.rendering import contracts

EXAMPLES = Path(__file__).parents[3] / "schemas" / "examples"
EVENT = json.loads((EXAMPLES / "ticket_issued.v1" / "whole.pass.json").read_bytes())
FIELDS = sorted(
    {
        field
        for name, model in contracts().items()
        if name != "dead_letter.v1"
        for field in model.model_fields
    }
)
PLACES = [
    *FIELDS,
    *("clock.synced", "clock.offset_ms", "party_size.persons", "party_size.declared"),
    *("remarks", "clock.owner", "party_size.who"),
]

DIGITS = st.text("0123456789", min_size=2, max_size=2)
NAMES = st.sampled_from(
    ["Jean Dupont", "DUPONT", "Dupont", "dupont jean", "O’Neill", "Müller", "李明"]
)
PHONES = st.tuples(
    st.sampled_from(["06", "+336", "00 33 6 ", "(0)6"]),
    st.lists(DIGITS, min_size=4, max_size=4),
    st.sampled_from(["", " ", ".", "-"]),
).map(lambda parts: parts[0] + parts[2] + parts[2].join(parts[1]))
MAILS = st.tuples(NAMES, st.sampled_from(["example.fr", "x.org"])).map(
    lambda parts: f"{parts[0].replace(' ', '.')}@{parts[1]}".lower()
)
FILES = st.from_regex(r"99[0-9]{8}|[12][0-9]{12}|[0-9]{2}[A-Z]{2}[0-9]{5}", fullmatch=True)
BIRTHS = st.dates().map(str) | st.dates().map(lambda day: f"{day:%d/%m/%Y}")
IDENTITIES = NAMES | PHONES | MAILS | FILES | BIRTHS


def _with(place: str, value: Any) -> bytes:
    body = json.loads(json.dumps(EVENT))
    holder, _, field = place.rpartition(".")
    (body[holder] if holder else body)[field] = value
    return json.dumps(body, ensure_ascii=False).encode()


@settings(max_examples=300)
@given(st.sampled_from(PLACES), IDENTITIES, st.sampled_from(["bare", "list", "object", "key"]))
def test_no_identity_gets_through(place: str, identity: str, dress: str) -> None:
    values = {"bare": identity, "list": [identity], "object": {"x": identity}, "key": {identity: 1}}
    value = _with(place, values[dress])
    body, whole = presentable(value)
    assert body is not None
    assert identity not in json.dumps(body, ensure_ascii=False)
    assert not whole
    refusal = decode(value)
    if isinstance(refusal, InvalidEvent):
        assert identity not in f"{refusal.field} {refusal.detail}"


@pytest.mark.parametrize("field", ["queue", "number", "event_id", "occurred_at", "site", "mode"])
def test_a_phone_number_as_integer_gets_through_nowhere_that_takes_text(field: str) -> None:
    body, whole = presentable(_with(field, 33612345678))
    assert body is not None
    assert (body[field], whole) == (WITHHELD, False)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("queue", "no-such-queue"),
        ("queue", None),
        ("number", 42),
        ("seq", 0),
        ("version", 2),
        ("type", "visit_paused"),
        ("party_size", {"persons": 0, "declared": True}),
        ("software", "1.4.0+rc1"),
        ("monotonic_ms", 2**53 - 1),
        ("appointment", "0123456789abcdef" * 2),
        ("occurred_at", "2025-10-26T02:30:00.123456+01:00"),
    ],
)
def test_what_a_person_needs_to_mend_it_is_shown(place: str, value: Any) -> None:
    body, whole = presentable(_with(place, value))
    assert body is not None
    assert (body[place], whole) == (value, True)


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*/*.fail.json")), ids=lambda f: f.stem)
def test_of_any_refused_example_something_fit_for_json_is_left(file: Path) -> None:
    body, whole = presentable(file.read_bytes())
    assert json.loads(to_json(body)) == body
    assert "…" not in json.dumps(body, ensure_ascii=False)
    assert body is not None or not whole


@given(st.binary(max_size=100))
def test_of_any_bytes_something_fit_for_json_is_left(value: bytes) -> None:
    body, whole = presentable(value)
    assert json.loads(to_json(body)) == body
    assert body is not None or not whole


@pytest.mark.parametrize(
    "value",
    [None, b"", b"[]", b'"x"', b"{", b'{"seq": ' + b"9" * 100_000 + b"}", b'{"a":' * 1000],
    ids=["tombstone", "nothing", "list", "text", "cut off", "huge number", "deep"],
)
def test_of_what_is_no_object_nothing_is_left(value: bytes | None) -> None:
    assert presentable(value) == (None, False)


def test_an_unknown_field_goes_and_the_letter_says_that_it_is_not_whole() -> None:
    body, whole = presentable(_with("remarks", "fragile"))
    assert (body, whole) == (EVENT, False)
