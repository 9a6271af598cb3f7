"""The examples are the specification: each is read by the codec and by its JSON Schema.

`<case>.pass.json` is an event; `<case>.newer.pass.json` one that a reader takes and a writer of
this version may not write; `<case>.<reason>.fail.json` is refused for that reason. What is no event
(dead letters, messages of `footfall`) has no reason to be refused for: `<case>.fail.json`.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import ValidationError

from schemas import footfall
from schemas.codec import InvalidEvent, decode, encode
from schemas.dead_letters import DeadLetter, presentable
from schemas.rendering import committed, contracts
from services.core.footfall import MEASURES

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples"
FILES = sorted(EXAMPLES.glob("*/*.json"))
DEAD_LETTERS = [file for file in FILES if file.parent.name == "dead_letter.v1"]
PUBLISHED = [file for file in FILES if contracts().get(file.parent.name) in footfall.MESSAGES]
EVENTS = [file for file in FILES if file not in DEAD_LETTERS + PUBLISHED]
SCHEMAS = {name: json.loads(text) for name, text in committed().items()}

# Refused by the codec, and JSON Schema has no words for why.
BEYOND_JSON_SCHEMA = {
    "correction.v1/corrects_and_joins": "a rule between two fields",
    "correction.v1/neither_corrects_nor_joins": "a rule between two fields",
    "envelope.v1/time_after_year_9999": "a valid time there, but no valid time in UTC",
    "envelope.v1/time_before_year_1": "a valid time there, but no valid time in UTC",
    "envelope.v1/source_ends_with_newline": "Python's $, unlike ECMAScript's, passes over it",
}

RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)",
)
FORMATS = FormatChecker(["uuid"])


@FORMATS.checks("date-time", raises=ValueError)
def _is_rfc_3339(value: object) -> bool:
    if not isinstance(value, str):
        return True
    return RFC_3339.fullmatch(value) is not None and bool(datetime.fromisoformat(value))


def _name(file: Path) -> str:
    return f"{file.parent.name}/{file.name.removesuffix('.json')}"


def _case(file: Path) -> str:
    return f"{file.parent.name}/{file.name.split('.')[0]}"


def _ends_with(files: list[Path], suffix: str) -> Any:
    return [
        pytest.param(file, id=_name(file)) for file in files if file.name.endswith(f"{suffix}.json")
    ]


def _validator(file: Path, body: Any) -> Draft202012Validator:
    name = file.parent.name
    if name == "envelope.v1":
        # What all events share is told on a ticket, unless the example says otherwise.
        type_ = body.get("type") if isinstance(body, dict) else None
        name = f"{type_}.v1" if f"{type_}.v1" in SCHEMAS else "ticket_issued.v1"
    return Draft202012Validator(SCHEMAS[name], format_checker=FORMATS)


@pytest.mark.parametrize("file", _ends_with(EVENTS, ".pass"))
def test_an_event_is_read_and_written_back_unchanged(file: Path) -> None:
    event = decode(file.read_bytes())
    assert not isinstance(event, InvalidEvent), event
    assert decode(encode(event)) == event
    if file.parent.name != "envelope.v1":
        assert f"{event.type}.v{event.version}" == file.parent.name


@pytest.mark.parametrize("file", _ends_with(FILES, ".pass"))
def test_what_passes_fits_the_rendered_schema(file: Path) -> None:
    body = json.loads(file.read_bytes())
    errors = [error.message for error in _validator(file, body).iter_errors(body)]
    if file.name.endswith(".newer.pass.json"):
        assert errors
        assert all("Additional properties are not allowed" in error for error in errors)
    else:
        assert not errors


@pytest.mark.parametrize("file", _ends_with(EVENTS, ".pass"))
def test_a_sound_event_can_be_replayed_from_its_dead_letter(file: Path) -> None:
    # The registry may not know a code; once it does, all of the event must still be there.
    body, whole = presentable(file.read_bytes())
    if file.name.endswith(".newer.pass.json"):
        assert not whole
    else:
        assert (body, whole) == (json.loads(file.read_bytes()), True)


@pytest.mark.parametrize("file", _ends_with(EVENTS, ".fail"))
def test_what_fails_is_refused_for_the_stated_reason(file: Path) -> None:
    _, reason, _, _ = file.name.split(".")
    refusal = decode(file.read_bytes())
    assert isinstance(refusal, InvalidEvent)
    assert refusal.reason == reason, refusal


@pytest.mark.parametrize("file", _ends_with(FILES, ".fail"))
def test_what_fails_does_not_fit_the_rendered_schema(file: Path) -> None:
    body = json.loads(file.read_bytes())
    fits = _validator(file, body).is_valid(body)
    assert fits == (_case(file) in BEYOND_JSON_SCHEMA)


def test_every_exception_is_an_example() -> None:
    failing = {_case(file) for file in EVENTS if file.name.endswith(".fail.json")}
    assert failing >= BEYOND_JSON_SCHEMA.keys()


@pytest.mark.parametrize("file", _ends_with(DEAD_LETTERS, ".pass"))
def test_a_dead_letter_is_read(file: Path) -> None:
    letter = DeadLetter.model_validate_json(file.read_bytes())
    assert DeadLetter.model_validate_json(letter.model_dump_json()) == letter


@pytest.mark.parametrize("file", _ends_with(DEAD_LETTERS, ".fail"))
def test_a_wrong_dead_letter_is_refused(file: Path) -> None:
    with pytest.raises(ValidationError):
        DeadLetter.model_validate_json(file.read_bytes())


@pytest.mark.parametrize("file", _ends_with(PUBLISHED, ".pass"))
def test_a_published_message_is_read_and_written_back_unchanged(file: Path) -> None:
    message = footfall.read(file.read_bytes())
    assert f"{message.type}.v{message.version}" == file.parent.name
    assert footfall.read(footfall.write(message)) == message


@pytest.mark.parametrize("file", _ends_with(PUBLISHED, ".pass"))
def test_a_reader_passes_over_newer_fields_of_a_published_message(file: Path) -> None:
    newer = json.loads(file.read_bytes()) | {"weather": "rain"}
    assert footfall.read(json.dumps(newer).encode()) == footfall.read(file.read_bytes())


@pytest.mark.parametrize("file", _ends_with(PUBLISHED, ".fail"))
def test_what_is_no_published_message_may_not_be_written(file: Path) -> None:
    with pytest.raises(ValidationError):
        contracts()[file.parent.name].model_validate_json(file.read_bytes())


def test_a_bucket_has_every_measure_that_is_counted() -> None:
    assert footfall.Bucket.model_fields.keys() >= set(MEASURES)


@pytest.mark.parametrize("name", contracts())
def test_a_committed_schema_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])
