"""The fold of a visit's facts into the visit. Any order, duplication and batching gives the same
visit.

A visit is the join of its events: its facts are a set, and this fold is a pure function of that
set, read in event-time order. So merging two histories is their union, which is commutative,
associative and idempotent, and nothing here depends on when a fact arrived.

Definitions (published in docs/definitions.md): a *passage* is one visit that was present (a ticket
taken on the spot, a check-in, a queue joined, or a service without any of them); a *queue stay*
runs from its start to its outcome; a transfer ends one stay and starts the next of the same visit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.core.facts import Fact, standing

REDIRECT_US = 60 * 1_000_000
"""A stay left for another directorate within this time, uncalled, was a wrong choice of button."""

OPENERS = frozenset({"ticket_issued", "checked_in", "queue_joined"})
OUTCOMES = ("served", "no_show", "left", "cancelled", "auto_closed", "transferred")
_ENDINGS = frozenset({"no_show", "left", "cancelled", "auto_closed"})


@dataclass(slots=True)
class QueueStay:
    """A wait and what came of it, in one queue of one directorate. Times in µs since 1970, UTC."""

    site: str
    directorate: str
    service: str
    queue: str | None
    started_us: int
    uncertain: bool = False
    """Some time that its durations need is not known."""
    first_called_us: int | None = None
    last_called_us: int | None = None
    in_service_since_us: int | None = None
    services: int = 0
    service_us: int = 0
    outcome: str | None = None
    redirected: bool = False

    def begin_wait_again(self) -> None:
        """Back to waiting, in the same stay."""
        self.outcome = None
        self.in_service_since_us = None


@dataclass(slots=True)
class Visit:
    """What the facts of one visitor's coming add up to."""

    channel: str = "kiosk"
    persons: int = 1
    persons_declared: bool = False
    tickets: int = 0
    check_ins: int = 0
    test: bool = False
    direct: bool = False
    """Served without a ticket or a check-in."""
    time_uncertain: bool = False
    """Nobody knows when the visitor came."""
    stays: list[QueueStay] = field(default_factory=list)

    @property
    def state(self) -> str:
        """unattributed, test, waiting, called, in_service, or the outcome of the last stay."""
        if not self.stays:
            return "unattributed"
        if self.test:
            return "test"
        stay = self.stays[-1]
        if stay.outcome is not None:
            return stay.outcome
        if stay.in_service_since_us is not None:
            return "in_service"
        return "waiting" if stay.last_called_us is None else "called"


def union(*histories: Iterable[Fact]) -> list[Fact]:
    """The facts of several histories, each once, in order.

    Of two facts of one event the better known one stays: a repaired time replaces an uncertain one.
    """
    facts: dict[str, Fact] = {}
    for history in histories:
        for fact in history:
            known = facts.get(fact.event_id)
            if known is None or _vagueness(fact) < _vagueness(known):
                facts[fact.event_id] = fact
    # By time, rank and id: no two facts share an id, so nothing behind it is ever compared.
    return sorted(facts.values())


def _vagueness(fact: Fact) -> tuple[bool, bool, int]:
    return ("uncertain" in fact.details, "repaired" not in fact.details, fact.at_us)


def fold(history: list[Fact]) -> Visit:
    """The visit of a history as `union` returns it."""
    visit = Visit()
    for fact in _arrival_first(standing(history)):
        _apply(visit, fact)
    return visit


def _arrival_first(facts: list[Fact]) -> list[Fact]:
    """The facts with the one that proves presence in front.

    Kiosk and desk have different clocks: a call stamped seconds before its ticket still belongs to
    it. A ticket or check-in whose time is known goes before one whose is not: that one stands where
    it was received, which must not decide what the visit is.
    """
    for wanted in (_is_dated_arrival, _is_arrival, _is_direct_service):
        for i, fact in enumerate(facts):
            if wanted(fact):
                return [fact, *_before_arrival(facts[:i]), *facts[i + 1 :]]
    return facts


def _before_arrival(facts: list[Fact]) -> list[Fact]:
    # Whoever was called, or missed, while holding a ticket drawn at home was not in the hall.
    if any(fact.details.get("channel") == "online" for fact in facts):
        return [fact for fact in facts if fact.type in OPENERS]
    return facts


def _is_dated_arrival(fact: Fact) -> bool:
    # A queue joined may be where a transfer led: it does not replace the ticket.
    return _is_arrival(fact) and fact.type != "queue_joined" and "uncertain" not in fact.details


def _is_arrival(fact: Fact) -> bool:
    # A ticket drawn at home shows no one in the hall.
    return fact.type in OPENERS and fact.details.get("channel") != "online"


def _is_direct_service(fact: Fact) -> bool:
    return fact.type == "service_started" and "directorate" in fact.details


def _apply(visit: Visit, fact: Fact) -> None:
    details = fact.details
    if "test" in details:
        visit.test = True
    if "persons" in details:
        visit.persons = details["persons"]
        visit.persons_declared = True
    elif "persons_assumed" in details and not visit.persons_declared:
        visit.persons = details["persons_assumed"]
    if fact.type == "ticket_issued":
        visit.tickets += 1
    elif fact.type == "checked_in":
        visit.check_ins += 1
    if not visit.stays:
        _arrive(visit, fact)
        return
    stay = visit.stays[-1]
    if "uncertain" in details:
        stay.uncertain = True
    _CONTINUE[fact.type](visit, stay, fact)


def _arrive(visit: Visit, fact: Fact) -> None:
    if not (_is_arrival(fact) or _is_direct_service(fact)):
        return
    visit.channel = fact.details.get("channel", visit.channel)
    visit.time_uncertain = "uncertain" in fact.details
    stay = _open_stay(visit, fact)
    if fact.type == "service_started":
        visit.direct = True
        stay.in_service_since_us = fact.at_us


def _open_stay(visit: Visit, fact: Fact) -> QueueStay:
    details = fact.details
    stay = QueueStay(
        fact.site,
        details["directorate"],
        details["service"],
        details.get("queue"),
        fact.at_us,
        uncertain="uncertain" in details,
    )
    visit.stays.append(stay)
    return stay


def _ticket_issued(visit: Visit, stay: QueueStay, fact: Fact) -> None:
    if stay.queue is None:
        stay.queue = fact.details["queue"]


def _checked_in(visit: Visit, stay: QueueStay, fact: Fact) -> None:
    if stay.queue is None:
        stay.queue = fact.details.get("queue")
    if stay.outcome in _ENDINGS:
        stay.begin_wait_again()
    if "ends_wait" in fact.details and stay.first_called_us is None:
        stay.first_called_us = stay.last_called_us = fact.at_us


def _queue_joined(visit: Visit, stay: QueueStay, fact: Fact) -> None:
    if (stay.directorate, stay.service) != (fact.details["directorate"], fact.details["service"]):
        _transferred(visit, stay, fact)
        return
    if stay.queue is None:
        stay.queue = fact.details["queue"]
    if stay.outcome in _ENDINGS:
        stay.begin_wait_again()


def _called(visit: Visit, stay: QueueStay, fact: Fact) -> None:
    if stay.outcome == "served":
        return
    if visit.direct and fact.at_us <= stay.started_us:
        return  # the call of a ticket that nobody saw: how long it waited is not known
    if stay.outcome in _ENDINGS:
        stay.begin_wait_again()
    if stay.first_called_us is None:
        stay.first_called_us = fact.at_us
    stay.last_called_us = fact.at_us


def _service_started(visit: Visit, stay: QueueStay, fact: Fact) -> None:
    if stay.in_service_since_us is not None:
        return
    stay.outcome = None
    if stay.first_called_us is None and not visit.direct:
        stay.first_called_us = stay.last_called_us = fact.at_us
    stay.in_service_since_us = fact.at_us


def _service_ended(visit: Visit, stay: QueueStay, fact: Fact) -> None:
    if stay.in_service_since_us is not None:
        stay.services += 1
        stay.service_us += max(0, fact.at_us - stay.in_service_since_us)
        stay.in_service_since_us = None
    stay.outcome = "served"


def _returned(visit: Visit, stay: QueueStay, fact: Fact) -> None:
    stay.begin_wait_again()


def _transferred(visit: Visit, stay: QueueStay, fact: Fact) -> None:
    if stay.outcome is None:
        uncalled = stay.last_called_us is None and stay.in_service_since_us is None
        stay.redirected = uncalled and fact.at_us - stay.started_us < REDIRECT_US
        stay.outcome = "transferred"
        stay.in_service_since_us = None
    _open_stay(visit, fact)


def _ended(visit: Visit, stay: QueueStay, fact: Fact) -> None:
    # Who was served stays served: closing the file afterwards does not undo it.
    if stay.outcome == "served" or (stay.outcome is not None and fact.type == "auto_closed"):
        return
    stay.outcome = "served" if stay.services else fact.type
    stay.in_service_since_us = None


_CONTINUE = {
    "ticket_issued": _ticket_issued,
    "checked_in": _checked_in,
    "queue_joined": _queue_joined,
    "called": _called,
    "recalled": _called,
    "service_started": _service_started,
    "service_ended": _service_ended,
    "returned": _returned,
    "transferred": _transferred,
    "no_show": _ended,
    "left": _ended,
    "cancelled": _ended,
    "auto_closed": _ended,
}
