"""The repository polices itself: nothing missing, nothing left over, nothing out of step."""

from __future__ import annotations

import json
import re
from collections import defaultdict

import pytest

from schemas.codec import InvalidEvent, decode, speaks_of_identity
from schemas.dead_letters import DeadLetter
from schemas.events import Clock, Event, PartySize
from schemas.reasons import EXPLANATIONS, Reason
from schemas.rendering import COMMITTED, committed, contracts, rendered
from schemas.topics import SOURCES, Topic, all_topics

EXAMPLES = COMMITTED.parent / "examples"
SERVICES = COMMITTED.parents[1] / "services"
# What every event shares has examples of its own, told on a ticket.
ENVELOPE = "envelope.v1"
EVENTS = {name for name, model in contracts().items() if issubclass(model, Event)} | {ENVELOPE}

NAME = re.compile(r"[a-z]+(_[a-z]+)*\.v[1-9][0-9]*")
CASE = re.compile(r"[a-z0-9_]+\.((newer\.)?pass|([a-z_]+\.)?fail)\.json")

BY_THE_CODEC = frozenset(
    [
        Reason.EMPTY_BODY,
        Reason.TOO_LARGE,
        Reason.NOT_JSON,
        Reason.UNKNOWN_TYPE,
        Reason.UNKNOWN_VERSION,
        Reason.IDENTITY_FIELD,
        Reason.INVALID_FIELD,
    ]
)
# Bodies that no JSON file can hold.
BODIES = {
    "tombstone": (None, Reason.EMPTY_BODY),
    "nothing": (b"", Reason.EMPTY_BODY),
    "one byte too many": (b"{" + b" " * 16 * 1024 + b"}", Reason.TOO_LARGE),
    "cut off": (b'{"type": "ticket_issued"', Reason.NOT_JSON),
    "two bodies": (b"{}{}", Reason.NOT_JSON),
    "white space": (b" \n", Reason.NOT_JSON),
    "byte order mark": (b'\xef\xbb\xbf{"type": "called"}', Reason.NOT_JSON),
    "UTF-16": ('{"type": "called"}'.encode("utf-16"), Reason.NOT_JSON),
    "Latin-1": ('{"type": "appelé"}'.encode("latin-1"), Reason.NOT_JSON),
    "lone surrogate": (b'{"type": "\\ud800"}', Reason.NOT_JSON),
    "too deep": (b'{"a":' * 1000 + b"1" + b"}" * 1000, Reason.NOT_JSON),
    "Avro": (b"\x00\x00\x00\x00\x07\x02", Reason.NOT_JSON),
}


def test_committed_schemas_are_rendered_from_the_models() -> None:
    assert committed() == rendered(), "run python -m schemas check"


def test_there_is_no_other_file_among_the_schemas() -> None:
    assert {file.name for file in COMMITTED.iterdir()} == {
        f"{name}.schema.json" for name in contracts()
    }


@pytest.mark.parametrize("name", contracts())
def test_a_schema_names_itself_as_its_file_does(name: str) -> None:
    assert NAME.fullmatch(name)
    schema = json.loads(committed()[name])
    assert schema["$id"] == f"passage:{name}"
    assert schema["description"].endswith(".")


def test_versions_run_from_1_without_gaps() -> None:
    versions = defaultdict(list)
    for name in committed():
        type_, _, version = name.rpartition(".v")
        versions[type_].append(int(version))
    for type_, found in versions.items():
        assert sorted(found) == list(range(1, len(found) + 1)), type_


@pytest.mark.parametrize("name", [*contracts(), ENVELOPE])
def test_every_contract_has_examples_of_both_verdicts(name: str) -> None:
    files = [file.name for file in (EXAMPLES / name).iterdir()]
    assert [file for file in files if not CASE.fullmatch(file)] == []
    assert [file for file in files if file.endswith(".pass.json")]
    assert [file for file in files if file.endswith(".fail.json")]


def test_there_is_no_example_without_contract() -> None:
    assert {folder.name for folder in EXAMPLES.iterdir()} == {*contracts(), ENVELOPE}


@pytest.mark.parametrize("name", sorted(contracts().keys() - {"dead_letter.v1"}))
def test_examples_show_every_field(name: str) -> None:
    fields = contracts()[name].model_fields.keys()
    shown = {
        key
        for file in (EXAMPLES / name).glob("*.pass.json")
        for key in json.loads(file.read_bytes())
    }
    assert shown == fields


def test_no_field_of_an_event_speaks_of_an_identity() -> None:
    models = [model for model in contracts().values() if model is not DeadLetter]
    names = {name for model in (*models, Clock, PartySize) for name in model.model_fields}
    assert [name for name in sorted(names) if speaks_of_identity(name)] == []


@pytest.mark.parametrize("topic", SOURCES, ids=lambda topic: topic.name)
def test_a_dead_letter_topic_holds_what_came_in_and_for_longer(topic: Topic) -> None:
    dead_letter = topic.dead_letter
    assert dead_letter is not None
    assert dead_letter.name == f"{topic.name}.dead-letter"
    assert dead_letter.max_message_bytes == topic.max_message_bytes
    assert dead_letter.retention is not None
    if topic.retention is not None:
        assert dead_letter.retention > topic.retention


def test_topic_names_follow_one_pattern_and_occur_once() -> None:
    names = [topic.name for topic in all_topics()]
    assert len(set(names)) == len(names)
    for name in names:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*(\.dead-letter)?", name)


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_explained_in_a_sentence(reason: Reason) -> None:
    explanation = EXPLANATIONS[reason]
    assert explanation[0].isupper()
    assert explanation.endswith(".")
    assert reason.value == reason.name.lower()


@pytest.mark.parametrize("case", BODIES)
def test_a_body_that_no_file_can_hold_is_refused(case: str) -> None:
    body, reason = BODIES[case]
    refusal = decode(body)
    assert isinstance(refusal, InvalidEvent)
    assert refusal.reason is reason


def test_every_reason_of_the_codec_is_reached() -> None:
    by_example = {
        Reason(file.name.split(".")[1])
        for file in EXAMPLES.glob("*/*.*.fail.json")
        if file.parent.name in EVENTS
    }
    by_body = {reason for _, reason in BODIES.values()}
    assert by_example | by_body == BY_THE_CODEC


def test_every_other_reason_is_given_by_a_service() -> None:
    sources = "".join(file.read_text(encoding="utf-8") for file in SERVICES.rglob("*.py"))
    assert [
        r.name for r in Reason if r not in BY_THE_CODEC and f"Reason.{r.name}" not in sources
    ] == []
