"""A message as the broker gives it, and the dead letter that a refused one becomes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from schemas.codec import InvalidEvent
from schemas.dead_letters import RECEIVED_AT_HEADER, DeadLetter, presentable
from schemas.events import DeviceEvent, VisitEvent
from schemas.headers import GATEWAY_RECEIVED_AT
from services.core.decisions import BACKFILL_HORIZON, Rejected


class Message(NamedTuple):
    """Value and place of one Kafka message."""

    topic: str
    partition: int
    offset: int
    received_at: datetime
    """When the broker first took it (UTC)."""
    value: bytes | None
    is_replay: bool = False
    """True when it was a dead letter before."""


def arrival(appended_at: datetime, headers: Iterable[tuple[str, bytes]]) -> tuple[datetime, bool]:
    """When a message first came, and whether it is the replay of a dead letter.

    A replay says in a header when the refused message came, a gateway when it took an event that
    then had to wait for the broker; the earliest counts. One that claims the future, or an age past
    the horizon, is not believed.
    """
    received_at, is_replay = appended_at, False
    for name, value in headers:
        if name not in (RECEIVED_AT_HEADER, GATEWAY_RECEIVED_AT):
            continue
        is_replay = is_replay or name == RECEIVED_AT_HEADER
        try:
            said_at = datetime.fromisoformat(value.decode())
            if appended_at - BACKFILL_HORIZON < said_at < received_at:
                received_at = said_at.astimezone(UTC)
        except (ValueError, TypeError):  # no time, or a naive one
            continue
    return received_at, is_replay


def dead_letter(
    message: Message,
    refusal: InvalidEvent | Rejected,
    event: VisitEvent | DeviceEvent | None = None,
) -> DeadLetter:
    """The dead letter of a refused message; holds nothing that may name a person."""
    value = message.value or b""
    body, whole = presentable(message.value)
    return DeadLetter(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        received_at=message.received_at,
        reason=refusal.reason,
        field=refusal.field,
        detail=refusal.detail,
        event_id=event.event_id if event else None,
        site=event.site if event else None,
        source=event.source if event else None,
        bytes=len(value),
        sha256=hashlib.sha256(value).hexdigest(),
        body=body,
        replayable=whole,
    )
