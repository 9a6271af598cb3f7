"""The body of a request taken apart: what in it claims to be an event. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json, to_json

from schemas.codec import InvalidEvent
from services.gateway import cloud_events

JSON = "application/json"
NDJSON = "application/x-ndjson"
CLOUD_EVENT = "application/cloudevents+json"
CLOUD_EVENTS = "application/cloudevents-batch+json"
MEDIA_TYPES = (JSON, NDJSON, CLOUD_EVENT, CLOUD_EVENTS)
# NDJSON has no registered name; these are in use.
_ALIASES = {"application/ndjson": NDJSON, "application/jsonl": NDJSON}

Candidate = bytes | InvalidEvent
"""What claims to be an event, as JSON; or why it cannot be one."""


class UnsupportedMediaType(Exception):
    """No events are read from such a body; the message says from which they are."""


class NotJson(Exception):
    """The body is empty or not JSON, so there is no telling the events in it."""


class TooManyEvents(Exception):
    """The body holds more events than one request may."""


def media_type_of(headers: Mapping[str, str]) -> str:
    """Which of MEDIA_TYPES a request has, by its headers (lower-case names).

    Raises UnsupportedMediaType.
    """
    content_type, _, parameters = headers.get("content-type", "").partition(";")
    named = content_type.strip().lower()
    media_type = _ALIASES.get(named, named)
    if media_type not in MEDIA_TYPES or (cloud_events.is_binary(headers) and media_type == NDJSON):
        raise UnsupportedMediaType(f"Content-Type must be one of {', '.join(MEDIA_TYPES)}")
    charset = parameters.lower().replace(" ", "").replace('"', "").partition("charset=")[2]
    if charset and charset.partition(";")[0] not in ("utf-8", "us-ascii"):
        raise UnsupportedMediaType("the charset must be utf-8")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaType("Content-Encoding is not supported; send the body as it is")
    return media_type


def candidates(headers: Mapping[str, str], body: bytes, max_events: int) -> list[Candidate]:
    """Everything in a body that claims to be an event, in its order; never empty.

    `headers` have lower-case names. Raises UnsupportedMediaType, NotJson and TooManyEvents.
    """
    media_type = media_type_of(headers)
    found = _found(media_type, headers, body, max_events)
    if not found:
        raise NotJson("there is no event in the body")
    return found


def _found(
    media_type: str, headers: Mapping[str, str], body: bytes, max_events: int
) -> list[Candidate]:
    if media_type == NDJSON:
        # Lines are told apart without reading them: one that is no JSON does not harm the others.
        lines = [line for line in (one.strip() for one in body.split(b"\n")) if line]
        return [*_bounded(lines, max_events)]
    try:
        if media_type == JSON and cloud_events.is_binary(headers):
            return [cloud_events.of_binary(headers, body)]
        content = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise NotJson(f"the body is not JSON: {error}") from None
    if media_type == CLOUD_EVENT:
        return [cloud_events.of_structured(content)]
    many = _bounded(content if isinstance(content, list) else [content], max_events)
    if media_type == CLOUD_EVENTS:
        return [cloud_events.of_structured(one) for one in many]
    return [to_json(one) for one in many]


def _bounded(many: list[Any], max_events: int) -> list[Any]:
    if len(many) > max_events:
        raise TooManyEvents(f"{len(many)} events; at most {max_events} may come in one request")
    return many
