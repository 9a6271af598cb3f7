"""What became of each event of a request, and the status that says it in one number. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID


class Outcome(StrEnum):
    """What became of an event."""

    ACCEPTED = "accepted"
    """Kafka has it."""
    DUPLICATE = "duplicate"
    """Kafka has it already, or the same request holds it twice."""
    REFUSED = "refused"
    """It will never be taken as it is; the result says why."""
    KEPT = "kept"
    """It is on this gateway's disk and Kafka will have it later."""
    NOT_KEPT = "not_kept"
    """There was no room for it: send it again."""


FORBIDDEN = "forbidden"
"""Reason of a refusal: the token does not speak for this site, device or type."""
REFUSED_BY_BROKER = "refused_by_broker"
"""Reason of a refusal: it was put aside on the gateway, where a person must look at it."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one event."""

    outcome: Outcome
    event_id: UUID | None = None
    """None where the event was not legible enough to tell."""
    reason: str | None = None
    field: str | None = None
    detail: str | None = None

    def as_json(self, index: int) -> dict[str, Any]:
        """For a sender; `index` is the event's place in the request, from 0."""
        told: dict[str, Any] = {"index": index, "result": self.outcome.value}
        for name in ("event_id", "reason", "field", "detail"):
            value = getattr(self, name)
            if value is not None:
                told[name] = str(value)
        return told


@dataclass(frozen=True, slots=True)
class Results:
    """What became of a request's events, in their order."""

    results: Sequence[Result]

    def counts(self) -> Counter[Outcome]:
        """How many came to what."""
        return Counter(result.outcome for result in self.results)

    @property
    def status(self) -> int:
        """The HTTP status: 202 when Kafka has all that was not refused.

        503 when something waits for Kafka or found no room; 403 when all is forbidden to this
        sender, 422 when all is refused for these and other reasons.
        """
        counts = self.counts()
        if not self.results:
            return 202
        if counts[Outcome.KEPT] or counts[Outcome.NOT_KEPT]:
            return 503
        if counts[Outcome.ACCEPTED] or counts[Outcome.DUPLICATE]:
            return 202
        return 403 if all(result.reason == FORBIDDEN for result in self.results) else 422

    def as_json(self) -> dict[str, Any]:
        """The body of the answer."""
        counts = self.counts()
        return {
            **{outcome.value: counts[outcome] for outcome in Outcome},
            "results": [result.as_json(index) for index, result in enumerate(self.results)],
        }
