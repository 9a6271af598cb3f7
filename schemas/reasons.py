"""Why an event was refused: each reason, and the sentence that a person reads beside it."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Reasons of a dead letter. A reason never disappears: stored dead letters carry it."""

    EMPTY_BODY = "empty_body"
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_VERSION = "unknown_version"
    IDENTITY_FIELD = "identity_field"
    INVALID_FIELD = "invalid_field"
    WRONG_TOPIC = "wrong_topic"
    UNKNOWN_SITE = "unknown_site"
    UNKNOWN_DIRECTORATE = "unknown_directorate"
    UNKNOWN_SERVICE = "unknown_service"
    UNKNOWN_QUEUE = "unknown_queue"
    UNKNOWN_DESK = "unknown_desk"
    UNKNOWN_DEVICE = "unknown_device"
    MISMATCH = "mismatch"
    TOO_OLD = "too_old"
    CONFLICT = "conflict"
    UNPROCESSABLE = "unprocessable"


EXPLANATIONS: dict[Reason, str] = {
    Reason.EMPTY_BODY: "The message has no body (a tombstone, or an empty value).",
    Reason.TOO_LARGE: "The message is larger than an event may be.",
    Reason.NOT_JSON: "The body is not a JSON object in UTF-8.",
    Reason.UNKNOWN_TYPE: "The event's type is missing or not known here.",
    Reason.UNKNOWN_VERSION: "The event's version is missing or unknown: upgrade the readers.",
    Reason.IDENTITY_FIELD: "The event holds a field that names a person; its value was not kept.",
    Reason.INVALID_FIELD: "A field is missing or has a wrong type or value.",
    Reason.WRONG_TOPIC: "This type of event does not belong on this topic.",
    Reason.UNKNOWN_SITE: "The registry has no such site on that date.",
    Reason.UNKNOWN_DIRECTORATE: "The registry has no such directorate on that date.",
    Reason.UNKNOWN_SERVICE: "The registry has no such service on that date.",
    Reason.UNKNOWN_QUEUE: "The registry has no such queue at that site on that date.",
    Reason.UNKNOWN_DESK: "The registry has no such desk at that site on that date.",
    Reason.UNKNOWN_DEVICE: "The registry has no such device on that date.",
    Reason.MISMATCH: "Two codes of the event contradict each other in the registry.",
    Reason.TOO_OLD: "Older than the back-fill horizon: no longer to be told from a duplicate.",
    Reason.UNPROCESSABLE: "The processor failed on this event: a defect of ours to be mended.",
    Reason.CONFLICT: "Another event with the same event_id and other content was recorded first.",
}
