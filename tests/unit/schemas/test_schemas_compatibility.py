from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.compatibility import Change, changes
from schemas.rendering import committed

TICKET = json.loads(committed()["ticket_issued.v1"])
CONSUMERS, PRODUCERS, EITHER = "consumers", "producers", "either"


def verdicts(old: Any, new: Any) -> list[tuple[str, str, str]]:
    return [(c.path, c.verdict, c.who_first) for c in changes(old, new)]


def event(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required or []}


def test_the_same_schema_has_no_changes() -> None:
    for text in committed().values():
        assert changes(json.loads(text), json.loads(text)) == []
    assert changes(None, None) == []


def test_a_new_contract_is_benign_and_one_that_disappears_is_not() -> None:
    assert verdicts(None, TICKET) == [("", "benign", CONSUMERS)]
    assert verdicts(TICKET, None) == [("", "breaking", CONSUMERS)]


@pytest.mark.parametrize(
    ("old", "new", "verdict", "first"),
    [
        (event(), event(copies={}), "benign", CONSUMERS),
        (event(), event(["copies"], copies={}), "breaking", CONSUMERS),
        (event(), event(visitor_name={}), "breaking", CONSUMERS),
        (event(), event(copies={"default": None}), "benign", CONSUMERS),
        (event(), event(copies={"default": 1}), "breaking", CONSUMERS),
        (event(copies={}), event(), "benign", PRODUCERS),
        (event(["copies"], copies={}), event(), "benign", CONSUMERS),
        (event(copies={}), event(["copies"], copies={}), "breaking", CONSUMERS),
        (event(["copies"], copies={}), event(copies={}), "benign", CONSUMERS),
    ],
    ids=[
        *("optional added", "required added", "identity added"),
        *("null added", "default added", "optional removed"),
        *("required removed", "now required", "now optional"),
    ],
)
def test_fields(old: Any, new: Any, verdict: str, first: str) -> None:
    field = "visitor_name" if "visitor_name" in new["properties"] else "copies"
    assert verdicts(old, new) == [(field, verdict, first)]


NULL = {"type": "null"}
TEXT = {"type": "string"}
WIDER = [
    ({"type": "integer"}, {"type": "number"}),
    (TEXT, {}),
    (TEXT, {"anyOf": [TEXT, NULL]}),
    (TEXT, {"type": ["string", "null"]}),
    ({"anyOf": [TEXT, NULL]}, {"anyOf": [TEXT, {"type": "integer"}, NULL]}),
    ({"const": "a"}, {"enum": ["a", "b"]}),
    ({"enum": ["a", "b"]}, {"enum": ["b", "c", "a"]}),
    ({"enum": ["a"]}, {}),
    ({"minimum": 1}, {"minimum": 0}),
    ({"minimum": 1}, {}),
    ({"exclusiveMaximum": 5}, {"exclusiveMaximum": 6}),
    ({"maxLength": 40}, {"maxLength": 60}),
    ({"minItems": 2}, {"minItems": 1}),
    ({"pattern": "^a$"}, {}),
    ({"format": "uuid"}, {}),
    ({"items": {"maximum": 1}}, {"items": {"maximum": 2}}),
    ({"items": TEXT}, {}),
    ({"additionalProperties": False}, {}),
    ({"additionalProperties": False}, {"additionalProperties": TEXT}),
    ({"additionalProperties": {"maximum": 1}}, {"additionalProperties": {"maximum": 2}}),
]


@pytest.mark.parametrize(("narrow", "wide"), WIDER, ids=str)
def test_taking_more_is_benign_and_taking_less_breaks(narrow: Any, wide: Any) -> None:
    def once(old: Any, new: Any) -> list[tuple[str, str]]:
        found = changes(event(field=old), event(field=new))
        assert all(change.path.startswith("field") for change in found)
        return [(change.verdict, change.who_first) for change in found]

    assert once(narrow, wide) == [("benign", CONSUMERS)]
    assert once(wide, narrow) == [("breaking", CONSUMERS)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (TEXT, {"type": "integer"}),
        ({"pattern": "^a$"}, {"pattern": "^ab?$"}),
        ({"format": "uuid"}, {"format": "date-time"}),
        ({"const": 1}, {"const": 2}),
        ({"default": "live"}, {"default": "test"}),
        ({"default": None}, {"default": 0}),
        ({}, {"propertyNames": {"pattern": "^a"}}),
        ({"contains": {}}, {}),
        ({"multipleOf": 2}, {"multipleOf": 4}),
    ],
    ids=str,
)
def test_what_cannot_be_told_to_be_wider_breaks(old: Any, new: Any) -> None:
    assert "breaking" in [c.verdict for c in changes(event(field=old), event(field=new))]


def test_a_default_of_a_field_that_must_be_there_means_nothing() -> None:
    assert changes(event(["a"], a={"default": 1}), event(["a"], a={"default": 2})) == []


def test_words_alone_are_benign_and_nobody_is_first() -> None:
    old, new = {"description": "A."} | event(), {"description": "B."} | event()
    assert verdicts(old, new) == [("", "benign", EITHER)]
    assert verdicts(event(a={"title": "A"}), event(a={"title": "B"})) == [("a", "benign", EITHER)]


def test_moving_a_definition_changes_nothing() -> None:
    party = {"type": "object", "properties": {"persons": {"minimum": 1}}}
    inline = event(party=party)
    apart = event(party={"$ref": "#/$defs/Party"}) | {"$defs": {"Party": party}}
    renamed = event(party={"$ref": "#/$defs/P"}) | {"$defs": {"P": party}}
    assert changes(inline, apart) == []
    assert changes(apart, renamed) == []


def test_a_change_within_a_definition_is_found_at_the_field() -> None:
    new = json.loads(json.dumps(TICKET))
    new["$defs"]["PartySize"]["properties"]["persons"]["maximum"] = 20
    new["$defs"]["Clock"]["properties"]["source"] = {"type": "string"}
    assert verdicts(TICKET, new) == [
        ("clock.source", "benign", CONSUMERS),
        ("party_size.persons", "breaking", CONSUMERS),
    ]


def test_a_model_that_holds_itself_is_compared_once() -> None:
    def tree(maximum: int) -> dict[str, Any]:
        node = event(left={"$ref": "#/$defs/Node"}, weight={"maximum": maximum})
        return {"$ref": "#/$defs/Node", "$defs": {"Node": node}}

    assert changes(tree(1), tree(1)) == []
    assert verdicts(tree(1), tree(2)) == [("weight", "benign", CONSUMERS)]


def test_a_change_reads_as_a_sentence() -> None:
    assert changes(event(n={"minimum": 0}), event(n={"minimum": 1})) == [
        Change("n", "minimum: 0 → 1", "breaking", "consumers")
    ]
    (null,) = changes(event(n=TEXT), event(n={"anyOf": [TEXT, NULL]}))
    assert null.what == "also takes null"
