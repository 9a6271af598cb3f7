"""The dead letter: a refused message as a message of its own, fit to be listed, mended and
replayed."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from pydantic import Field
from pydantic_core import from_json

from schemas.events import Clock, DeviceEvent, PartySize, VisitEvent
from schemas.reasons import Reason
from schemas.types import Count, Model, UtcDatetime

WITHHELD = "[withheld]"

# Codes, ids, numbers and times look like this; names of people and free text do not.
_SAFE_TEXT = re.compile(r"[a-z0-9][a-z0-9-]{0,39}|[A-Z]{0,3}[0-9]{1,4}|[0-9T:.Z+-]{10,40}")


_EVENT_CLASSES = (*get_args(VisitEvent), *get_args(DeviceEvent))
# The fields that may be kept, by the object that holds them; "" is the event itself.
_KNOWN = {
    "": frozenset(name for event_class in _EVENT_CLASSES for name in event_class.model_fields),
    "clock": frozenset(Clock.model_fields),
    "party_size": frozenset(PartySize.model_fields),
}


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

    Only fields of the contract are kept, and only values that look like codes, numbers and times.
    """
    try:
        body = from_json(value or b"")
    except ValueError:
        return None, False
    if not isinstance(body, dict):
        return None, False
    return _presentable(body, "")


def _presentable(body: dict[str, Any], name: str) -> tuple[dict[str, Any], bool]:
    kept: dict[str, Any] = {}
    whole = True
    known = _KNOWN.get(name, frozenset())
    for key, value in body.items():
        if key not in known:
            whole = False
        elif isinstance(value, dict) and key in _KNOWN:
            kept[key], inner_whole = _presentable(value, key)
            whole = whole and inner_whole
        elif isinstance(value, bool | int | None) or (
            isinstance(value, str) and _SAFE_TEXT.fullmatch(value)
        ):
            kept[key] = value
        else:
            kept[key] = WITHHELD
            whole = False
    return kept, whole
