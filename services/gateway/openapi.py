"""The API's description: what may be sent, what is answered, and the events themselves."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from schemas.events import AnyEvent
from services.gateway.content import CLOUD_EVENT, CLOUD_EVENTS, JSON, NDJSON
from services.gateway.examples import BY_MEDIA_TYPE
from services.gateway.results import Outcome

_COMPONENT = "#/components/schemas/"
_TEXT = {"type": "string"}
_TEXT_OR_NULL = {"type": ["string", "null"]}
_COUNT = {"type": "integer", "minimum": 0}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": _COMPONENT + name}


def _many(name: str) -> dict[str, Any]:
    return {"type": "array", "items": _ref(name), "minItems": 1}


_SCHEMAS = {
    JSON: {"anyOf": [_ref("Event"), _many("Event")]},
    NDJSON: {"type": "string", "description": "one event a line"},
    CLOUD_EVENT: _ref("CloudEvent"),
    CLOUD_EVENTS: _many("CloudEvent"),
}
_CLOUD_EVENT: dict[str, Any] = {
    "type": "object",
    "description": "CloudEvents 1.0; its attributes stand for fields that `data` leaves out.",
    "required": ["specversion", "id", "source", "type", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {**_TEXT, "format": "uuid", "description": "`event_id`"},
        "source": {**_TEXT, "description": "URI whose last part is the device's code"},
        "type": {**_TEXT, "description": "after any prefix with dots `type`, then perhaps `.v1`"},
        "time": {
            **_TEXT_OR_NULL,
            "format": "date-time",
            "description": "`occurred_at`, if data has none",
        },
        "subject": {**_TEXT_OR_NULL, "description": "`visit_id`, if data has none"},
        "datacontenttype": {
            **_TEXT_OR_NULL,
            "pattern": r"^(application|text)/(json|[A-Za-z0-9_.-]+\+json) *(;.*)?$",
            "description": "application/json, if it is given",
        },
        "data": {"type": "object", "description": "the event"},
    },
}
_RESULT: dict[str, Any] = {
    "type": "object",
    "required": ["index", "result"],
    "properties": {
        "index": {**_COUNT, "description": "place of the event in the request, from 0"},
        "result": {"enum": [outcome.value for outcome in Outcome]},
        "event_id": {**_TEXT, "format": "uuid"},
        "reason": {**_TEXT, "description": "why it was refused: a word for programs"},
        "field": {**_TEXT, "description": "the field that this is about"},
        "detail": {**_TEXT, "description": "a sentence for a person"},
    },
}
_RESULTS: dict[str, Any] = {
    "type": "object",
    "required": [*(outcome.value for outcome in Outcome), "results"],
    "properties": {
        **{outcome.value: _COUNT for outcome in Outcome},
        "results": {"type": "array", "items": _ref("Result")},
    },
}
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["status", "detail"],
    "properties": {"status": {"type": "integer"}, "detail": _TEXT},
}
_RETRY_AFTER = {
    "Retry-After": {"schema": {"type": "integer", "minimum": 1}, "description": "seconds to wait"}
}


def _told(description: str, **more: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": _ref("Results")}}
    return {"description": description, "content": content, **more}


def _problem(description: str, **more: Any) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": _ref("Problem")}}
    return {"description": description, "content": content, **more}


def _header(name: str, meaning: str) -> dict[str, Any]:
    return {"name": f"ce-{name}", "in": "header", "schema": _TEXT, "description": meaning}


_UNAVAILABLE = _told(
    "Kafka is away: `kept` events are on the gateway's disk, `not_kept` ones found no room. Or"
    " (a problem) the gateway is too busy, and nothing was read",
    headers=_RETRY_AFTER,
)
_UNAVAILABLE["content"]["application/problem+json"] = {"schema": _ref("Problem")}

EVENTS_OPERATION: dict[str, Any] = {
    "parameters": [
        _header("specversion", "1.0: a CloudEvent in binary mode, its data in the body"),
        *(
            _header(name, _CLOUD_EVENT["properties"][name]["description"])
            for name in ("id", "source", "type", "time", "subject")
        ),
    ],
    "requestBody": {
        "required": True,
        "content": {
            media_type: {
                "schema": schema,
                "examples": {
                    name: {"value": value} for name, value in BY_MEDIA_TYPE[media_type].items()
                },
            }
            for media_type, schema in _SCHEMAS.items()
        },
    },
    "responses": {
        "202": _told("Kafka has every event that was not refused"),
        "400": _problem("The body is not JSON, is empty, or ended early"),
        "401": _problem("No valid token"),
        "403": _told("The token speaks for none of these events: site, device or type"),
        "408": _problem("The body came too slowly"),
        "413": _problem("The body is too large, or has too many events"),
        "415": _problem("No events are read from such a content type"),
        "422": _told("Every event was refused; `results` say why"),
        "429": _problem("Too many requests of this token", headers=_RETRY_AFTER),
        "503": _UNAVAILABLE,
    },
}


HOOKS_OPERATION: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "whatever the vendor's system says; its mapping reads it",
        "content": {JSON: {"schema": {}}},
    },
    "responses": {
        "202": _told("Kafka has every event that came of it and was not refused; often none"),
        "400": _problem("The body is not JSON, or ended early"),
        "401": _problem("The signature is not that of the body, or missing"),
        "404": _problem("There is no such hook"),
        "408": EVENTS_OPERATION["responses"]["408"],
        "413": EVENTS_OPERATION["responses"]["413"],
        "422": _told("Every event was refused; `results` say why"),
        "429": EVENTS_OPERATION["responses"]["429"],
        "503": _UNAVAILABLE,
    },
}


def describe(app: FastAPI) -> None:
    """Let an application's description hold the schemas of the events and of the answers."""
    made = app.openapi

    def with_schemas() -> dict[str, Any]:
        described = made()
        schemas = described.setdefault("components", {}).setdefault("schemas", {})
        if "Event" not in schemas:
            event = TypeAdapter[Any](AnyEvent).json_schema(ref_template=_COMPONENT + "{model}")
            schemas |= event.pop("$defs")
            schemas |= {
                "Event": event,
                "CloudEvent": _CLOUD_EVENT,
                "Result": _RESULT,
                "Results": _RESULTS,
                "Problem": _PROBLEM,
            }
        return described

    app.openapi = with_schemas  # type: ignore[method-assign]
