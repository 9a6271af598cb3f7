"""What is sent for a dead letter, or why nothing is: values only, decided without I/O."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC
from typing import Any, get_args

from pydantic_core import to_json

from schemas.dead_letters import RECEIVED_AT_HEADER, WITHHELD
from schemas.events import DeviceEvent, VisitEvent
from schemas.topics import HEARTBEATS, SOURCES, VISIT_EVENTS, Topic
from services.deadletters.letters import Letter
from services.deadletters.remedies import explanation_of, remedy_of


def _types(union: Any) -> frozenset[str]:
    return frozenset(
        get_args(model.model_fields["type"].annotation)[0] for model in get_args(union)
    )


_HOME = dict.fromkeys(_types(VisitEvent), VISIT_EVENTS) | dict.fromkeys(
    _types(DeviceEvent), HEARTBEATS
)


@dataclass(frozen=True, slots=True)
class Sendable:
    """A dead letter's message, ready for the broker."""

    letter: Letter
    topic: str
    key: bytes | None
    value: bytes

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """The arrival that the replay would hide."""
        received_at = self.letter.received_at.astimezone(UTC).isoformat(timespec="milliseconds")
        return [(RECEIVED_AT_HEADER, received_at.encode())]


@dataclass(frozen=True, slots=True)
class Original:
    """Key and value of the refused message, as the topic still has them."""

    key: bytes | None
    value: bytes


@dataclass(frozen=True, slots=True)
class NeedsOriginal:
    """The kept body does not say it all: the original must be read from the topic."""

    letter: Letter


@dataclass(frozen=True, slots=True)
class Skipped:
    """It was replayed before."""

    letter: Letter


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not sent; `why` is a sentence with the way out, the same for all of one kind."""

    letter: Letter
    why: str


def plan(
    letter: Letter, *, prefix: str, again: bool, from_topic: bool
) -> Sendable | NeedsOriginal | Skipped | Refused:
    """What a replay does with a dead letter; `prefix` is what this environment's topics begin with.

    With `from_topic`, what was not kept whole is taken from the topic. A message that nothing can
    mend is refused either way: above all one that named a person.
    """
    if letter.replayed_at is not None and not again:
        return Skipped(letter)
    remedy = remedy_of(letter.reason)
    if not remedy.replay_helps:
        return Refused(
            letter,
            f"{letter.reason}: sending it again cannot help. "
            f"{explanation_of(letter.reason)} {remedy.advice}",
        )
    source = _source(letter, prefix)
    if source is None:
        return Refused(
            letter,
            f"{letter.topic} is no source topic of this environment; set PASSAGE_TOPIC_PREFIX to "
            "what the names of its topics begin with",
        )
    if letter.replayable and letter.body is not None:
        home = _home(letter, source)
        return Sendable(letter, prefix + home.name, _key(home, letter), to_json(letter.body))
    if from_topic:
        return NeedsOriginal(letter)
    return Refused(
        letter,
        "its body was not kept whole, so the copy would say less than the original did. The "
        f"original stands in {letter.topic} at the partition and offset of its id, for "
        f"{_days(source)} days after it came: add --from-topic to send it from there",
    )


def from_original(letter: Letter, original: Original | None, *, prefix: str) -> Sendable | Refused:
    """The original's bytes, verbatim; None when the topic has nothing there any more."""
    source = _source(letter, prefix)
    if source is None or original is None:
        return Refused(
            letter,
            f"its original is gone from {letter.topic}: the retention is over, or the topic was "
            "made anew. What the device sent is lost; say so where the figures are published",
        )
    if hashlib.sha256(original.value).hexdigest() != letter.sha256:
        return Refused(
            letter,
            f"another message stands at its place in {letter.topic}: the topic was made anew, and "
            "the original is lost",
        )
    home = _home(letter, source)
    key = original.key if home is source else _key(home, letter)
    return Sendable(letter, prefix + home.name, key, original.value)


def _source(letter: Letter, prefix: str) -> Topic | None:
    return next((topic for topic in SOURCES if prefix + topic.name == letter.topic), None)


def _home(letter: Letter, source: Topic) -> Topic:
    """The topic where the event's type belongs; its source, where this program knows no better."""
    return _HOME.get(str((letter.body or {}).get("type")), source)


def _key(topic: Topic, letter: Letter) -> bytes | None:
    key = (letter.body or {}).get(topic.key)
    return key.encode() if isinstance(key, str) and key != WITHHELD else None


def _days(topic: Topic) -> str:
    return str(topic.retention.days) if topic.retention is not None else "some"
