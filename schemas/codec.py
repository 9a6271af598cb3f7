"""Step 1: bytes of a message to an event, or why not.

A writer is strict. A reader also takes a newer event of the same version: it passes over fields
that it does not know, unless their name speaks of a person.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from schemas.events import AnyEvent, DeviceEvent, VisitEvent
from schemas.reasons import Reason

MAX_EVENT_BYTES = 16 * 1024

_EVENT: TypeAdapter[VisitEvent | DeviceEvent] = TypeAdapter(AnyEvent)

# Words, French and English, that make a field's name speak of an identity (domain: RGPD).
_IDENTITY_WORDS = frozenset(
    [
        "name",
        "names",
        "surname",
        "firstname",
        "lastname",
        "fullname",
        "forename",
        "username",
        "nom",
        "noms",
        "prenom",
        "prenoms",
        "patronyme",
        "nomprenom",
        "usager",
        "person",
        "personne",
        "citizen",
        "phone",
        "telephone",
        "tel",
        "mobile",
        "portable",
        "sms",
        "email",
        "mail",
        "courriel",
        "agdref",
        "etranger",
        "foreigner",
        "passport",
        "passeport",
        "nationality",
        "nationalite",
        "birth",
        "birthdate",
        "birthday",
        "naissance",
        "dob",
        "address",
        "adresse",
        "street",
        "rue",
        "iban",
        "nir",
        "ssn",
        "cni",
        "document",
        "dossier",
        "numero",
        "identite",
        "identity",
        "gender",
        "sexe",
        "sex",
        "signature",
        "photo",
        "face",
        "visage",
        "plate",
        "immatriculation",
    ]
)


@dataclass(frozen=True, slots=True)
class InvalidEvent:
    """A message that is no event: why, and which field of it."""

    reason: Reason
    field: str | None = None
    detail: str | None = None
    """A sentence for a person; never holds a value of the message."""


def encode(event: VisitEvent | DeviceEvent) -> bytes:
    """JSON of an event as it goes over the wire, absent fields left out."""
    return event.model_dump_json(exclude_none=True).encode()


def decode(value: bytes | None) -> VisitEvent | DeviceEvent | InvalidEvent:
    """Read the event in a message's value. Never raises, whatever the bytes."""
    if not value:
        return InvalidEvent(Reason.EMPTY_BODY)
    if len(value) > MAX_EVENT_BYTES:
        return InvalidEvent(
            Reason.TOO_LARGE, detail=f"{len(value)} bytes; at most {MAX_EVENT_BYTES} are allowed"
        )
    try:
        return _EVENT.validate_json(value)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
    if {problem["type"] for problem in problems} != {"extra_forbidden"}:
        return _invalid(value, problems)
    identity = _identity_field(value)
    if identity is not None:
        return identity
    # Only newer fields of the same version: pass over them.
    try:
        return _EVENT.validate_json(value, extra="ignore")
    except ValidationError as error:
        return _invalid(
            value, error.errors(include_url=False, include_context=False, include_input=False)
        )


def _invalid(value: bytes, problems: list[Any]) -> InvalidEvent:
    first = problems[0]
    if first["type"] == "json_invalid":
        return InvalidEvent(Reason.NOT_JSON, detail=first["msg"])
    if (
        first["type"] in {"model_attributes_type", "model_type", "dict_type"}
        and len(first["loc"]) < 2
    ):
        return InvalidEvent(Reason.NOT_JSON, detail="the body is not a JSON object")
    identity = _identity_field(value)
    if identity is not None:
        return identity
    if first["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        return InvalidEvent(Reason.UNKNOWN_TYPE, "type")
    for problem in problems:
        if problem["loc"][1:] == ("version",):
            return InvalidEvent(Reason.UNKNOWN_VERSION, "version", "known versions: 1")
    wrong = next((p for p in problems if p["type"] != "extra_forbidden"), first)
    # The first part of a location is the union's tag, the rest is the field's path.
    path = ".".join(str(part) for part in wrong["loc"][1:]) or None
    return InvalidEvent(Reason.INVALID_FIELD, path, wrong["msg"])


def _identity_field(value: bytes) -> InvalidEvent | None:
    try:
        body = from_json(value)
    except ValueError:
        return None
    path = _find_identity(body, "")
    if path is None:
        return None
    return InvalidEvent(Reason.IDENTITY_FIELD, path, "remove the field on the device")


def _find_identity(body: Any, prefix: str) -> str | None:
    if isinstance(body, dict):
        for key, inner in body.items():
            if speaks_of_identity(key):
                return f"{prefix}{key}"[:80]
            found = _find_identity(inner, f"{prefix}{key}.")
            if found:
                return found
    elif isinstance(body, list):
        for inner in body:
            found = _find_identity(inner, prefix)
            if found:
                return found
    return None


def speaks_of_identity(field_name: str) -> bool:
    """True when a field's name says that it holds an identity: `visitor_name`, `numéroAGDREF`."""
    ascii_name = unicodedata.normalize("NFKD", field_name).encode("ascii", "ignore").decode()
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", ascii_name)
    return any(word.lower() in _IDENTITY_WORDS for word in words)
