"""A message as the broker gives it, and the dead letter that a refused one becomes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from schemas.codec import InvalidEvent
from schemas.dead_letters import DeadLetter, presentable
from schemas.events import DeviceEvent, VisitEvent
from services.core.decisions import Rejected


@dataclass(frozen=True, slots=True)
class Message:
    """Value and place of one Kafka message."""

    topic: str
    partition: int
    offset: int
    received_at: datetime
    """When the broker took it (UTC)."""
    value: bytes | None


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
