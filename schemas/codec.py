"""Step 1: bytes of a message to an event, or why not.

A writer is strict. A reader also takes a newer event of the same version: it passes over fields
that it does not know, unless their name speaks of a person.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from schemas.events import AnyEvent, DeviceEvent, Event, VisitEvent
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
# Parts that do so wherever they stand in a word: `visitorname`, `phonenumber`, `NUMEROAGDREF`.
_IDENTITY_PARTS = re.compile(
    "name$|nomde|usager$|prenom|agdref|phone|mail|courriel|passport|passeport|nationalit"
    "|naissance|birth"
)
_REMOVE = "remove the field on the device"
# A field's name, as against a person's, a sentence or an address in its place.
_FIELD_NAME = re.compile(r"[a-z][A-Za-z_]{0,39}")
_IDENTITY_NAME = re.compile(r"[^\W\d][\w-]{0,39}")


@dataclass(frozen=True, slots=True)
class InvalidEvent:
    """A message that is no event: why, and which field of it."""

    reason: Reason
    field: str | None = None
    detail: str | None = None
    """A sentence for a person; never holds a value of the message."""


def event_classes(union: Any = AnyEvent) -> Iterator[type[Event]]:
    """Every class that an event may be, each version of a type included."""
    if isinstance(union, type):
        yield union
    else:
        for member in get_args(union):
            yield from event_classes(member)


def encode(event: VisitEvent | DeviceEvent) -> bytes:
    """JSON of an event as it goes over the wire, absent fields left out."""
    # What model_dump_json calls, without its way from bytes to text and back.
    return event.__pydantic_serializer__.to_json(event, exclude_none=True)


def decode(value: bytes | None) -> VisitEvent | DeviceEvent | InvalidEvent:
    """Read the event in a message's value. Never raises, whatever the bytes."""
    if not value:
        return InvalidEvent(Reason.EMPTY_BODY)
    if len(value) > MAX_EVENT_BYTES:
        return InvalidEvent(
            Reason.TOO_LARGE, detail=f"{len(value)} bytes; at most {MAX_EVENT_BYTES} are allowed"
        )
    try:
        event: VisitEvent | DeviceEvent = _EVENT.validator.validate_json(value)
        return event
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
    # Types are told apart first; within a type of several versions, versions are.
    unknown_tag = first["type"] in {"union_tag_invalid", "union_tag_not_found"}
    if unknown_tag and not first["loc"]:
        return InvalidEvent(Reason.UNKNOWN_TYPE, "type")
    if unknown_tag or "version" in map(_path, problems):
        return InvalidEvent(Reason.UNKNOWN_VERSION, "version")
    wrong = next((p for p in problems if p["type"] != "extra_forbidden"), first)
    # The one message that repeats a part of the value, which may be a character that no text holds.
    detail = "Input should be a valid UUID" if wrong["type"] == "uuid_parsing" else wrong["msg"]
    return InvalidEvent(Reason.INVALID_FIELD, _path(wrong) or None, detail)


def _path(problem: Any) -> str:
    """The field that a problem is about, without the tags of the unions around it."""
    path = problem["loc"][1:]
    if path and isinstance(path[0], int):  # no field is a number: the tag of a version
        path = path[1:]
    return ".".join(map(str, path))


def _identity_field(value: bytes) -> InvalidEvent | None:
    try:
        body = from_json(value)
    except ValueError:
        return None
    path = _find_identity(body)
    if path is None:
        return None
    # A map from people to things has an identity in the name itself: never pass that on.
    *holders, name = path
    if not _IDENTITY_NAME.fullmatch(name):
        return InvalidEvent(Reason.IDENTITY_FIELD, detail=_REMOVE)
    shown = [holder if _FIELD_NAME.fullmatch(holder) else "*" for holder in holders]
    return InvalidEvent(Reason.IDENTITY_FIELD, ".".join([*shown, name])[-80:], _REMOVE)


def _find_identity(body: Any, path: tuple[str, ...] = ()) -> tuple[str, ...] | None:
    """The path to the first field whose name speaks of an identity."""
    inner = [(path, one) for one in body] if isinstance(body, list) else []
    if isinstance(body, dict):
        for name in body:
            if speaks_of_identity(name):
                return (*path, name)
        inner = [((*path, name), one) for name, one in body.items()]
    found = (_find_identity(one, where) for where, one in inner)
    return next((path for path in found if path), None)


def speaks_of_identity(field_name: str) -> bool:
    """True when a field's name says that it holds an identity: `visitor_name`, `numéroAGDREF`."""
    ascii_name = unicodedata.normalize("NFKD", field_name).encode("ascii", "ignore").decode()
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", ascii_name)
    return any(
        word in _IDENTITY_WORDS or _IDENTITY_PARTS.search(word) is not None
        for word in map(str.lower, words)
    )
