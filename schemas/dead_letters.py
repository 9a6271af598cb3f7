"""The dead letter: a refused message as a message of its own, fit to be listed, mended and
replayed."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from schemas.codec import event_classes
from schemas.events import Clock, PartySize
from schemas.reasons import Reason
from schemas.types import Count, Model, UtcDatetime

WITHHELD = "[withheld]"
RECEIVED_AT_HEADER = "passage-received-at"
"""Kafka header of a replayed message: when the broker first took it, in ISO 8601 and UTC."""


def _field_types(*models: type[Model]) -> dict[str, list[TypeAdapter[Any]]]:
    """Of each field of the models, what it takes in one or another of them."""
    annotations: dict[str, list[Any]] = {}
    for model in models:
        for name, field in model.model_fields.items():
            annotation = field.rebuild_annotation()
            if annotation not in annotations.setdefault(name, []):
                annotations[name].append(annotation)
    return {
        name: [TypeAdapter(annotation) for annotation in alternatives]
        for name, alternatives in annotations.items()
    }


# The fields that may be kept, by the object that holds them; "" is the event itself.
_KNOWN = {
    "": _field_types(*event_classes()),
    "clock": _field_types(Clock),
    "party_size": _field_types(PartySize),
}

# A phone or file number is a valid code too: no text is kept with this many digits, but for those
# whose type leaves no room for it.
_TEXT = re.compile(r"\D*(?:\d\D*){0,6}")
_SHAPED = frozenset(
    ["event_id", "boot_id", "visit_id", "occurred_at", "joins", "corrects", "appointment"]
)
_SOFTWARE = re.compile(r"\d[.a-z+-]*(?:\d[.a-z+-]*){0,5}")
# A later version's type and number are kept: once the readers know them, it can be replayed.
_TYPE = re.compile(r"[a-z]+(_[a-z]+){0,3}")
_SMALL = range(-9999, 10_000)


class DeadLetter(Model):
    """A message that was not counted, and why."""

    version: Literal[1] = 1
    topic: str
    partition: Count
    offset: Count
    """Where the refused message stands: the identity of this dead letter."""
    received_at: UtcDatetime
    reason: Reason
    field: str | None = None
    detail: str | None = None
    event_id: UUID | None = None
    site: str | None = None
    source: str | None = None
    bytes: Count
    """Size of the refused body."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    """Of the refused body, so that it can be found again in the topic."""
    body: dict[str, Any] | None = None
    """The contract's fields of the refused body; anything that may name a person is withheld."""
    replayable: bool
    """True when `body` is whole: sending it again says all that the refused message said."""


def presentable(value: bytes | None) -> tuple[dict[str, Any] | None, bool]:
    """Of a refused body, what may be stored, and whether that is all of it.

    Only fields of the contract are kept, and of these only values that their own field may have,
    small numbers, and no text that could be a phone or file number. What remains possible is a
    name written as a code, lower case and without spaces: nothing but the registry tells that.
    """
    try:
        body = from_json(value or b"")
    except ValueError:
        return None, False
    if not isinstance(body, dict):
        return None, False
    return _presentable(body, "")


def _presentable(body: dict[str, Any], holder: str) -> tuple[dict[str, Any], bool]:
    kept: dict[str, Any] = {}
    whole = True
    for name, value in body.items():
        if name not in _KNOWN[holder]:
            whole = False
        elif isinstance(value, dict) and name in _KNOWN:
            kept[name], inner_whole = _presentable(value, name)
            whole = whole and inner_whole
        elif _is_harmless(holder, name, value):
            kept[name] = value
        else:
            kept[name] = WITHHELD
            whole = False
    return kept, whole


def _is_harmless(holder: str, name: str, value: Any) -> bool:
    match value:
        case None | bool():
            return True
        case int():
            return value in _SMALL or _is_valid(holder, name, value)
        case str() if name == "type":
            return _TYPE.fullmatch(value) is not None
        case str():
            shape = _SOFTWARE if name == "software" else _TEXT
            return (name in _SHAPED or shape.fullmatch(value) is not None) and _is_valid(
                holder, name, value
            )
        case _:
            return False


def _is_valid(holder: str, name: str, value: str | int) -> bool:
    return any(_takes(field_type, to_json(value)) for field_type in _KNOWN[holder][name])


def _takes(field_type: TypeAdapter[Any], value: bytes) -> bool:
    try:
        field_type.validate_json(value)
    except ValidationError:
        return False
    return True
