"""A dead letter as it is stored, its identity, and which ones a command means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from schemas.dead_letters import WITHHELD
from services.deadletters.errors import InvalidId

_LARGEST_PARTITION = 2**31 - 1
_LARGEST_OFFSET = 2**63 - 1


@dataclass(frozen=True, slots=True, order=True)
class LetterId:
    """Where the refused message stands in Kafka; written `topic/partition/offset`."""

    topic: str
    partition: int
    offset: int

    @classmethod
    def parse(cls, text: str) -> LetterId:
        """Read an identity. Raises InvalidId."""
        parts = text.strip().split("/")
        if len(parts) == 3 and parts[0] and all(p.isascii() and p.isdigit() for p in parts[1:]):
            found = cls(parts[0], int(parts[1]), int(parts[2]))
            if found.partition <= _LARGEST_PARTITION and found.offset <= _LARGEST_OFFSET:
                return found
        raise InvalidId(
            f"{text!r} is no dead letter; expected topic/partition/offset, as `passage "
            "dead-letters list` shows it"
        )

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class Letter:
    """A stored dead letter; `reason` is text, since a newer processor may have written it."""

    topic: str
    partition: int
    offset: int
    received_at: datetime
    reason: str
    field: str | None
    detail: str | None
    event_id: str | None
    site: str | None
    source: str | None
    bytes: int
    sha256: str
    body: dict[str, Any] | None
    replayable: bool
    replayed_at: datetime | None

    @property
    def id(self) -> LetterId:
        return LetterId(self.topic, self.partition, self.offset)

    @property
    def withheld(self) -> list[str]:
        """Paths of the fields whose values were not kept: `number`, `clock.offset_ms`."""
        return list(_withheld(self.body or {}, ""))


def _withheld(body: dict[str, Any], path: str) -> Iterator[str]:
    for name, value in body.items():
        if isinstance(value, dict):
            yield from _withheld(value, f"{path}{name}.")
        elif value == WITHHELD:
            yield f"{path}{name}"


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """What was refused for one reason on one field."""

    reason: str
    field: str | None
    messages: int
    waiting_for_replay: int
    """Whole, and not yet replayed."""
    kept_in_part: int
    """Not whole, and not yet replayed: only the original in the topic says it all."""
    replayed: int
    last_received_at: datetime
    detail: str | None
    """The most frequent one."""
    details: int


@dataclass(frozen=True, slots=True)
class Selection:
    """Which dead letters are meant: those that fit every part that is given."""

    ids: Sequence[LetterId] = ()
    reasons: Sequence[str] = ()
    site: str | None = None
    since: datetime | None = None
    pending: bool = False
    """Only those that were not replayed yet."""

    @property
    def is_everything(self) -> bool:
        """True when nothing narrows it, `pending` apart."""
        return not (self.ids or self.reasons or self.site or self.since)
