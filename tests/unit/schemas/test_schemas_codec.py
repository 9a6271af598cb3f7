from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter

from schemas import codec
from schemas.codec import (
    MAX_EVENT_BYTES,
    InvalidEvent,
    decode,
    encode,
    event_classes,
    speaks_of_identity,
)
from schemas.events import Called, Left, VisitEventBase
from schemas.reasons import Reason

EXAMPLES = Path(__file__).parents[3] / "schemas" / "examples"
SOUND = [file.read_bytes() for file in sorted(EXAMPLES.glob("*.v1/whole.pass.json"))]
EVENT = json.loads((EXAMPLES / "ticket_issued.v1" / "whole.pass.json").read_bytes())

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()  # json writes NaN and Infinity as such
    | st.text(max_size=20)
    | st.just("\ud800"),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=5,
)


def reason(**changed: Any) -> Reason | None:
    result = decode(json.dumps(EVENT | changed).encode())
    return result.reason if isinstance(result, InvalidEvent) else None


@given(st.binary(max_size=200) | st.none())
def test_any_bytes_get_an_answer(value: bytes | None) -> None:
    assert isinstance(decode(value), InvalidEvent)


@settings(max_examples=150)
@given(st.sampled_from(SOUND), st.data())
def test_a_damaged_event_gets_an_answer(sound: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(sound)))
    end = data.draw(st.integers(start, min(start + 8, len(sound))))
    decode(sound[:start] + data.draw(st.binary(max_size=8)) + sound[end:])


@settings(max_examples=80)
@given(st.sampled_from([*EVENT, "clock.synced", "party_size.persons", "other"]), ANYTHING)
def test_any_value_in_any_field_gets_an_answer(field: str, value: Any) -> None:
    body = json.loads(json.dumps(EVENT))
    holder, _, inner = field.rpartition(".")
    (body[holder] if holder else body)[inner] = value
    decode(json.dumps(body).encode())


@pytest.mark.parametrize(
    "body",
    [
        b'{"type": "called", "x": ' + b"[" * 199 + b"]" * 199 + b"}",
        b'{"type": "called", "x": ' + b'{"a":' * 150 + b"1" + b"}" * 151,
        b'{"seq": ' + b"9" * 4000 + b"}",
        b'{"seq": 1e999999}',
        b'{"seq": -0}',
        b'{"type": "called", "type": "left"}',
        b'{"clock": NaN, "seq": Infinity, "version": -Infinity}',
        b'{"\\u0000": 1}',
        b'{"": {"": {"": 1}}}',
        b"[" * 5000,
        b"{" + b",".join(b'"f%d":1' % n for n in range(1500)) + b"}",
    ],
    ids=lambda body: repr(body[:30]),
)
def test_an_odd_body_gets_an_answer(body: bytes) -> None:
    assert isinstance(decode(body), InvalidEvent)


def test_of_a_field_given_twice_the_last_one_counts() -> None:
    text = json.dumps(EVENT)
    assert not isinstance(decode(('{"seq": "wrong", ' + text[1:]).encode()), InvalidEvent)
    refusal = decode((text[:-1] + ', "seq": "wrong"}').encode())
    assert isinstance(refusal, InvalidEvent)
    assert refusal.field == "seq"


def test_an_event_of_the_greatest_size_is_read_and_one_byte_more_is_not() -> None:
    text = json.dumps(EVENT)
    padded = text + " " * (MAX_EVENT_BYTES - len(text))
    assert not isinstance(decode(padded.encode()), InvalidEvent)
    refusal = decode(padded.encode() + b" ")
    assert isinstance(refusal, InvalidEvent)
    assert refusal.reason is Reason.TOO_LARGE


def test_a_reader_passes_over_a_newer_field() -> None:
    newer = decode(json.dumps(EVENT | {"printed_copies": 2}).encode())
    assert newer == decode(json.dumps(EVENT).encode())
    assert not isinstance(newer, InvalidEvent)
    assert b"printed_copies" not in encode(newer)


@pytest.mark.parametrize("name", ["visitor_name", "numéroAGDREF", "NOM", "e-mail", "telephone2"])
def test_a_reader_refuses_an_identity_wherever_it_stands(name: str) -> None:
    assert reason(**{name: None}) is Reason.IDENTITY_FIELD
    assert reason(extension={"deeper": [{name: "x"}]}) is Reason.IDENTITY_FIELD
    assert reason(clock={"synced": True, name: 1}) is Reason.IDENTITY_FIELD


def test_an_identity_is_named_before_any_other_mistake() -> None:
    assert reason(seq="x", version=9, type="x", nom="x") is Reason.IDENTITY_FIELD


@pytest.mark.parametrize(
    "name",
    [
        *("name", "visitorName", "visitor_name", "visitorname", "NOM", "nomDeFamille", "nomusager"),
        *("prénom", "PRENOM", "Prénoms", "usager", "téléphone", "tel2", "phoneNumber", "e-mail"),
        *("emailaddress", "courriel", "numéroAGDREF", "NUMEROAGDREF", "agdref", "n° étranger"),
        *("date de naissance", "dateNaissance", "birthdate", "birth_year", "passport_no", "ｎｏｍ"),
        *("nationalité", "nationality_code", "adresse.rue", "sexe", "NIR", "photo"),
    ],
)
def test_a_name_speaks_of_an_identity(name: str) -> None:
    assert speaks_of_identity(name)


@pytest.mark.parametrize(
    "name",
    [
        *("number", "nombre_personnes", "persons", "usagers", "queue", "desk", "reason", "site"),
        *("sourceVersion", "printed_copies", "telemetry", "nominal_rate", "numerals", "interface"),
        *("facets", "", "42", "_", "étage", "guichet", "enabled", "template"),
    ],
)
def test_a_name_speaks_of_no_identity(name: str) -> None:
    assert not speaks_of_identity(name)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"seq": 0}, "seq"),
        ({"clock": {"synced": "yes"}}, "clock.synced"),
        ({"party_size": {"persons": 0, "declared": True}}, "party_size.persons"),
        ({"colour": "blue", "number": 42}, "number"),
        ({"version": 2}, "version"),
        ({"type": "ticket_torn"}, "type"),
        ({"extension": {"visitor": [{"téléphone": "x"}]}}, "extension.visitor.téléphone"),
        ({"parties": {"Jean Dupont": {"tel": 1}, "Marie": {}}}, "parties.*.tel"),
        ({"parties": {"Dupont": {"tel": 1}}}, "parties.*.tel"),
    ],
)
def test_a_refusal_points_at_the_field(changed: dict[str, Any], field: str) -> None:
    refusal = decode(json.dumps(EVENT | changed).encode())
    assert isinstance(refusal, InvalidEvent)
    assert refusal.field == field


def test_a_field_that_holds_a_person_in_its_name_is_not_repeated() -> None:
    refusal = decode(json.dumps(EVENT | {"Jean Dupont, né le 1er mai, tel": 1}).encode())
    assert refusal == InvalidEvent(Reason.IDENTITY_FIELD, detail="remove the field on the device")


class CalledV2(VisitEventBase):
    """What a second version would look like (schemas/README.md)."""

    type: Literal["called"]
    version: Literal[2]  # type: ignore[assignment]
    means: Literal["voice", "screen"]


@pytest.mark.parametrize(
    ("changed", "answer"),
    [
        ({}, 1),
        ({"version": 2, "means": "voice"}, 2),
        ({"version": 2, "means": "voice", "newer": 1}, 2),
        ({"version": 2}, (Reason.INVALID_FIELD, "means")),
        ({"version": 2, "means": "smoke"}, (Reason.INVALID_FIELD, "means")),
        ({"version": 3}, (Reason.UNKNOWN_VERSION, "version")),
        ({"version": None}, (Reason.UNKNOWN_VERSION, "version")),
        ({"type": "left", "version": 2}, (Reason.UNKNOWN_VERSION, "version")),
        ({"type": "ticket_torn"}, (Reason.UNKNOWN_TYPE, "type")),
    ],
    ids=str,
)
def test_two_versions_of_a_type_are_read_side_by_side(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], answer: Any
) -> None:
    versions = Annotated[Called | CalledV2, Field(discriminator="version")]
    union = Annotated[versions | Left, Field(discriminator="type")]
    assert list(event_classes(union)) == [Called, CalledV2, Left]
    monkeypatch.setattr(codec, "_EVENT", TypeAdapter(union))
    event = json.loads((EXAMPLES / "called.v1" / "least.pass.json").read_bytes())
    result = decode(json.dumps(event | changed).encode())
    if isinstance(result, InvalidEvent):
        assert (result.reason, result.field) == answer
    else:
        assert result.version == answer


@pytest.mark.parametrize("text", ["1773130361", "-1", "0612345678", "1773130361.25"])
def test_a_number_in_a_string_is_no_time(text: str) -> None:
    assert reason(occurred_at=text) is Reason.INVALID_FIELD
