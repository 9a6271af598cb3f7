"""The replay: select, send again, and note as replayed what the broker has acknowledged.

Sent but not yet noted, because the program died in between, means sent twice: an `event_id` counts
once, so that changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.deadletters.errors import KafkaRefuses
from services.deadletters.letters import Letter, LetterId, Selection
from services.deadletters.sending import (
    NeedsOriginal,
    Original,
    Refused,
    Sendable,
    Skipped,
    from_original,
    plan,
)

BATCH = 500
_EXAMPLES = 3


class LetterStore(Protocol):
    """The part of the store that a replay uses; `Store` keeps it in TimescaleDB."""

    def batches(self, selection: Selection, size: int) -> Iterator[list[Letter]]:
        """Those selected at this moment, oldest first."""

    def mark_replayed(self, letter_ids: Sequence[LetterId]) -> None:
        """Note that these were sent again and acknowledged."""


class MessageSender(Protocol):
    """The part of the broker that a replay uses."""

    def send(self, messages: Sequence[Sendable]) -> tuple[list[LetterId], Exception | None]:
        """Send all; the acknowledged ones, and the first failure if any."""


@dataclass(slots=True)
class Outcome:
    """What a replay did, or would do."""

    replayed: Counter[str] = field(default_factory=Counter)
    """How many, by reason."""
    skipped: int = 0
    """Replayed before."""
    refused: Counter[str] = field(default_factory=Counter)
    """How many were not sent, by the sentence that says why."""
    examples: dict[str, list[LetterId]] = field(default_factory=dict)
    """The first few of each refusal."""

    def note(self, other: Skipped | Refused) -> None:
        """Count one that is not sent."""
        if isinstance(other, Skipped):
            self.skipped += 1
            return
        self.refused[other.why] += 1
        examples = self.examples.setdefault(other.why, [])
        if len(examples) < _EXAMPLES:
            examples.append(other.letter.id)


@dataclass(frozen=True, slots=True)
class Replay:
    """How dead letters are sent again."""

    store: LetterStore
    prefix: str
    sender: MessageSender | None
    """None for a dry run: everything is looked at, nothing is sent or noted."""
    read_original: Callable[[LetterId], Original | None] | None
    """Reads from the topic what was not kept whole; None when that is not asked for."""
    again: bool = False

    def run(self, selection: Selection, report: Callable[[int], None]) -> Outcome:
        """Replay the selected; `report` is told after each batch how many were dealt with.

        Raises KafkaRefuses when a message is not acknowledged; whatever was acknowledged before is
        noted, and a repeated command goes on from there.
        """
        outcome = Outcome()
        for batch in self.store.batches(selection, BATCH):
            messages = list(self._messages(batch, outcome))
            self._send(messages, outcome)
            outcome.replayed.update(message.letter.reason for message in messages)
            report(len(batch))
        return outcome

    def _messages(self, letters: Iterable[Letter], outcome: Outcome) -> Iterator[Sendable]:
        for letter in letters:
            step = plan(
                letter,
                prefix=self.prefix,
                again=self.again,
                from_topic=self.read_original is not None,
            )
            if isinstance(step, NeedsOriginal) and self.read_original is not None:
                step = from_original(letter, self.read_original(letter.id), prefix=self.prefix)
            if isinstance(step, Sendable):
                yield step
            elif isinstance(step, Skipped | Refused):
                outcome.note(step)

    def _send(self, messages: Sequence[Sendable], outcome: Outcome) -> None:
        if self.sender is None or not messages:
            return
        acknowledged, failure = self.sender.send(messages)
        self.store.mark_replayed(acknowledged)
        if failure is not None:
            done = outcome.replayed.total() + len(acknowledged)
            raise KafkaRefuses(
                f"the broker did not acknowledge every message ({failure}); {done} are replayed "
                "and noted. See that Kafka is well, then repeat the command: it goes on with the "
                "rest"
            )
