"""CloudEvents 1.0 around our events: its attributes say what the data leaves out. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from pydantic_core import from_json, to_json

from schemas.codec import InvalidEvent
from schemas.reasons import Reason

SPECVERSION = "1.0"
HEADER_PREFIX = "ce-"

_REQUIRED = ("id", "source", "type")
_OPTIONAL = ("time", "subject")
# `com.example.ticket_issued.v1`: our type comes last, or before our version.
_VERSION = re.compile(r"(?P<rest>.+)\.v(?P<version>[0-9]{1,3})")
_JSON = re.compile(r"(application|text)/(json|[\w.-]+\+json)\s*(;.*)?", re.IGNORECASE)


def is_binary(headers: Mapping[str, str]) -> bool:
    """Whether a request's headers make it a CloudEvent in binary mode."""
    return f"{HEADER_PREFIX}specversion" in headers


def of_binary(headers: Mapping[str, str], body: bytes) -> bytes | InvalidEvent:
    """The event of a request in binary mode: attributes in `ce-…` headers, data in the body.

    `headers` have lower-case names. Raises ValueError when the body is not JSON.
    """
    attributes = {
        name.removeprefix(HEADER_PREFIX): unquote(value)
        for name, value in headers.items()
        if name.startswith(HEADER_PREFIX)
    }
    return of_structured({**attributes, "data": from_json(body, allow_inf_nan=False)})


def of_structured(envelope: Any) -> bytes | InvalidEvent:
    """The event in a CloudEvent that was read from JSON, or why there is none.

    `data` is our event. `id`, `type` and `source` stand for its `event_id`, `type` (and `version`)
    and `source` where it has none, and must not contradict those that it has; `time` and `subject`
    stand for a missing `occurred_at` and `visit_id`, and mean nothing otherwise.
    """
    if not isinstance(envelope, dict):
        return InvalidEvent(Reason.NOT_JSON, detail="a CloudEvent is a JSON object")
    refusal = _unusable(envelope)
    if refusal is not None:
        return refusal
    event = dict(envelope["data"])
    for attribute, field, value in _translated(envelope):
        present = event.setdefault(field, value)
        if str(present).casefold() != str(value).casefold():
            return _wrong(attribute, f"contradicts the field {field} of the data")
    for attribute, field in (("time", "occurred_at"), ("subject", "visit_id")):
        if envelope.get(attribute) is not None:
            event.setdefault(field, envelope[attribute])
    return to_json(event)


def _unusable(envelope: dict[str, Any]) -> InvalidEvent | None:
    if envelope.get("specversion") != SPECVERSION:
        return _wrong("specversion", f"must be {SPECVERSION}")
    for name in _REQUIRED:
        if not isinstance(envelope.get(name), str) or not envelope[name]:
            return _wrong(name, "is missing or no text")
    for name in _OPTIONAL:
        if not isinstance(envelope.get(name), str | None):
            return _wrong(name, "is no text")
    kind = envelope.get("datacontenttype")
    if kind is not None and not (isinstance(kind, str) and _JSON.fullmatch(kind)):
        return _wrong("datacontenttype", "must be application/json")
    if not isinstance(envelope.get("data"), dict):
        return _wrong("data", "must be the event, as a JSON object")
    return None


def _translated(envelope: dict[str, Any]) -> list[tuple[str, str, str | int]]:
    """Attribute, our field, and the value that the attribute gives it."""
    versioned = _VERSION.fullmatch(envelope["type"])
    kind = versioned["rest"] if versioned else envelope["type"]
    device = re.split(r"[/:]", envelope["source"].rstrip("/"))[-1]
    translated: list[tuple[str, str, str | int]] = [
        ("id", "event_id", envelope["id"]),
        ("type", "type", kind.rpartition(".")[2]),
        ("source", "source", device),
    ]
    if versioned:
        translated.append(("type", "version", int(versioned["version"])))
    return translated


def _wrong(attribute: str, detail: str) -> InvalidEvent:
    return InvalidEvent(Reason.INVALID_FIELD, attribute, detail)
