"""An event as the emitter hands it on: where it goes, what goes with it, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.events import DeviceEvent, VisitEvent
from schemas.headers import GATEWAY_RECEIVED_AT
from services.edge.delivery import Verdict
from services.edge.outbox_entries import Entry
from services.edge.producer import Header
from services.runtime.traces import Sending


@dataclass(frozen=True, slots=True)
class Message:
    """An event on its way: which one, and where it goes."""

    entry: Entry
    event: VisitEvent | DeviceEvent
    topic: str
    key: bytes


@dataclass(frozen=True, slots=True)
class Failure:
    """An event that the broker did not acknowledge, why, and what that means."""

    entry: Entry
    error: BaseException
    verdict: Verdict


def headers_of(entry: Entry, sending: Sending | None) -> list[Header]:
    """What goes with an event: its trace, and when a gateway received it."""
    headers = list(sending.headers) if sending is not None else []
    if entry.received_at is not None:
        headers.append((GATEWAY_RECEIVED_AT, entry.received_at.encode()))
    return headers
