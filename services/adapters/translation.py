"""A vendor's message as events of ours: pure. What it says of persons is not even looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

from pydantic_core import from_json, to_json

from schemas.codec import InvalidEvent, decode, event_classes
from schemas.events import DeviceEvent, VisitEvent
from services.adapters.envelope import envelope
from services.adapters.fields import VisitById
from services.adapters.mapping import Mapping, Rule
from services.adapters.message import LeftOut, Message, Refused
from services.adapters.paths import text_of
from services.adapters.refusals import Refusal, RefusalReason
from services.core.calendar import business_date
from services.core.visit_id import of_ticket, of_vendor

AnyEvent = VisitEvent | DeviceEvent

_PERSONS = re.compile(r"[1-9][0-9]?")
_FIELDS = {
    get_args(event_class.model_fields["type"].annotation)[0]: frozenset(event_class.model_fields)
    for event_class in event_classes()
}


def read_payload(body: bytes) -> object | Refusal:
    """The JSON of a webhook's body. Never raises, whatever the bytes."""
    try:
        payload: object = from_json(body, allow_inf_nan=False)
    except ValueError:
        return Refusal(RefusalReason.NOT_JSON)
    return payload


def translate(mapping: Mapping, payload: object) -> list[AnyEvent | Refusal]:
    """The events of a payload (parsed JSON, or a row as a dict), and why others could not be made.

    In the order of the mapping's rules. Empty when nothing of it is meant to count. The same
    payload always gives the same events, byte by byte. Never raises, whatever the payload.
    """
    message = Message(mapping, (payload,))
    if not message.holds(mapping.when):
        return []
    return [result for rule in mapping.events for result in _results(message, rule)]


def _results(message: Message, rule: Rule) -> Iterator[AnyEvent | Refusal]:
    try:
        for item in message.items(rule.each, rule.skip):
            try:
                if item.holds(rule.when):
                    yield _event(item, rule)
            except LeftOut:
                continue
            except Refused as refused:
                yield Refusal(refused.reason, refused.field, rule.type)
    except Refused as refused:
        yield Refusal(refused.reason, refused.field, rule.type)


def _event(message: Message, rule: Rule) -> AnyEvent | Refusal:
    mapping = message.mapping
    if rule.optional and message.value(rule.at.from_[-1]) is None:
        raise LeftOut
    # First what may leave it out: a line that is not meant needs no time.
    place = message.place((*mapping.place, *rule.place))
    fields: dict[str, Any] = {**place, **_details(message, rule)}
    for name in ("site", "source"):
        if name not in place:
            raise Refused(RefusalReason.MISSING, f"place.{name}")
    subject = place["source"]
    if rule.type != "heartbeat":
        fields["visit_id"] = subject = _visit_id(message, place["site"])
    at = message.instant(rule.at)
    fields |= envelope(mapping, rule.type, place["source"], subject, at)
    known = _FIELDS[rule.type]
    match decode(to_json({name: value for name, value in fields.items() if name in known})):
        case InvalidEvent(_, field, detail):
            # The contract's sentence names rules and fields of ours, never a value.
            return Refusal(RefusalReason.INVALID, field, rule.type, detail)
        case event:
            return event


def _details(message: Message, rule: Rule) -> dict[str, Any]:
    details: dict[str, Any] = {}
    for name, code in (("desk", rule.desk), ("channel", rule.channel), ("reason", rule.reason)):
        found = message.code(code)
        if found is not None:
            details[name] = found
    if rule.number is not None:
        details["number"] = message.number(rule.number)
    if rule.persons is not None and message.value(rule.persons) is not None:
        persons = text_of(message.value(rule.persons))
        if persons is None or not _PERSONS.fullmatch(persons):
            raise Refused(RefusalReason.INVALID, rule.persons.text)
        details["party_size"] = {"persons": int(persons), "declared": True}
    if rule.covers_s is not None:
        details["covers_s"] = rule.covers_s
    return details


def _visit_id(message: Message, site: str) -> str:
    mapping, visit = message.mapping, message.mapping.visit
    if isinstance(visit, VisitById):
        return str(of_vendor(mapping.name, message.joined(visit.id), mode=mapping.mode))
    assert visit is not None  # the mapping's own check
    queue = message.code(visit.queue)
    if queue is None:
        raise Refused(RefusalReason.MISSING, "visit.queue")
    day = business_date(
        message.instant(visit.issued_at),
        time_zone=mapping.time.zone,
        starts=mapping.business_day_starts,
    )
    return str(of_ticket(site, queue, day, message.number(visit.number), mode=mapping.mode))
