"""The intake: what claims to be events, in; what became of each, out. HTTP is not its concern."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from schemas.codec import InvalidEvent, decode
from schemas.events import DeviceEvent, VisitEvent
from schemas.reasons import Reason
from services.gateway.content import Candidate
from services.gateway.results import FORBIDDEN, REFUSED_BY_BROKER, Outcome, Result, Results
from services.gateway.scope import Scope
from services.gateway.waiting import GatewayOutbox, Standing, Taken


def _now() -> datetime:
    return datetime.now(UTC)


class Intake:
    """Takes events in for whoever they come from."""

    def __init__(
        self, outbox: GatewayOutbox, *, answer_s: float, now: Callable[[], datetime] = _now
    ) -> None:
        self._outbox = outbox
        self._answer_s = answer_s
        self._now = now

    def take(self, candidates: Sequence[Candidate | Result], scope: Scope | None) -> Results:
        """Take in what is an event and within the sender's scope, and say what became of each.

        Each candidate is JSON in UTF-8, or why it is no event. Without a scope nothing is outside
        it: a mapping of the operator's own has named sites and devices. Blocks until the broker has
        acknowledged them, but not longer than `answer_s` seconds; what it has not acknowledged by
        then is on the disk.
        """
        read = [_read(candidate, scope) for candidate in candidates]
        events = [one for one in read if not isinstance(one, Result)]
        taken = self._outbox.deliver(events, self._now(), self._answer_s)
        told = iter(_told(events, taken))
        return Results([one if isinstance(one, Result) else next(told) for one in read])


def _read(candidate: Candidate | Result, scope: Scope | None) -> VisitEvent | DeviceEvent | Result:
    if isinstance(candidate, Result):
        return candidate
    event = decode(candidate) if isinstance(candidate, bytes) else candidate
    if isinstance(event, InvalidEvent):
        return Result(Outcome.REFUSED, reason=event.reason, field=event.field, detail=event.detail)
    forbidden = scope.forbidden_field(event) if scope else None
    if forbidden is not None:
        return Result(
            Outcome.REFUSED,
            event.event_id,
            FORBIDDEN,
            forbidden,
            f"the token does not speak for this {forbidden}",
        )
    return event


def _told(events: Sequence[VisitEvent | DeviceEvent], taken: Taken) -> list[Result]:
    told: list[Result] = []
    seen: set[int] = set()
    for event, place in zip(events, taken.places, strict=True):
        told.append(_result(event, place, taken, again=place in seen))
        if isinstance(place, int):
            seen.add(place)
    return told


def _result(
    event: VisitEvent | DeviceEvent, place: int | Standing, taken: Taken, *, again: bool
) -> Result:
    if place is Standing.CONFLICT:
        return Result(
            Outcome.REFUSED,
            event.event_id,
            Reason.CONFLICT,
            "event_id",
            "another event with this event_id came before",
        )
    if place is Standing.NO_ROOM:
        return Result(Outcome.NOT_KEPT, event.event_id)
    if place in taken.put_aside:
        return Result(Outcome.REFUSED, event.event_id, REFUSED_BY_BROKER)
    if place in taken.waiting:
        return Result(Outcome.KEPT, event.event_id)
    if place is Standing.ACKNOWLEDGED or again:
        return Result(Outcome.DUPLICATE, event.event_id)
    return Result(Outcome.ACCEPTED, event.event_id)
