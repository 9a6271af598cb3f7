"""From the outbox to Kafka: in order, at least once, for as long as it takes."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence

from schemas.codec import InvalidEvent, decode
from schemas.events import DeviceEvent, DeviceStarted, Heartbeat, VisitEvent
from schemas.topics import HEARTBEATS, VISIT_EVENTS
from services.edge.delivery import (
    MAX_WINDOW,
    Verdict,
    backoff_s,
    judge,
    next_window,
    problem_of,
    refusal_of,
)
from services.edge.delivery_lock import DeliveryLock
from services.edge.errors import OutboxCorrupted, OutboxError
from services.edge.message import Failure, Message, headers_of
from services.edge.outbox import Outbox
from services.edge.outbox_entries import Entry
from services.edge.producer import ATTEMPT_S, Delivery, Producer
from services.runtime.traces import OFF, Sending, Traces

log = logging.getLogger("passage.edge")

# An event is on its way this soon after it was written, at the cost of one small query each time.
_LOOK_S = 0.05
# How long a stop waits for answers under way; what is not answered by then is sent again later.
_STOP_S = 2.0
# A problem that lasts is said again this often.
_REMIND_S = 600.0


def route(event: VisitEvent | DeviceEvent) -> tuple[str, bytes]:
    """Topic and key of an event: visits stay together by visit, signs of life by device."""
    if isinstance(event, Heartbeat | DeviceStarted):
        return HEARTBEATS.name, event.source.encode()
    return VISIT_EVENTS.name, str(event.visit_id).encode()


class Emitter:
    """Delivers what waits in an outbox; an event leaves it once the broker has acknowledged it.

    A window of events is sent, all answers are awaited, the acknowledged events are removed and the
    rest is sent again: so duplicates happen (same `event_id`), losses do not, and memory does not
    grow with the backlog. Messages of one key keep their order: they share a partition, whose
    batches the client sends one at a time, and a producer that failed is thrown away with all that
    it still held.
    """

    def __init__(
        self,
        outbox: Outbox,
        connect: Callable[[], Producer],
        *,
        addresses: str = "",
        topic_prefix: str = "",
        attempt_s: float = ATTEMPT_S,
        max_window: int = MAX_WINDOW,
        backoff: Callable[[int, float], float] = backoff_s,
        traces: Traces = OFF,
    ) -> None:
        self._outbox = outbox
        self._connect = connect
        self._addresses = addresses
        self._topic_prefix = topic_prefix
        self._attempt_s = attempt_s
        self._window = self._max_window = max_window
        self._backoff = backoff
        self._traces = traces
        self._producer: Producer | None = None
        self._failures = 0
        self._problem: str | None = None
        self._said_at = 0.0

    def run(
        self,
        stop: threading.Event,
        *,
        until_empty: bool = False,
        progress: Callable[[int], None] = lambda delivered: None,
    ) -> None:
        """Deliver until `stop` is set or, with `until_empty`, until nothing waits.

        Raises AlreadyDelivering when another process does, and OutboxCorrupted; no failure of the
        network, the broker or the disk's room ends it. `progress` hears how many were delivered.
        """
        with DeliveryLock(self._outbox.path):
            try:
                while not stop.is_set():
                    try:
                        entries = self._outbox.pending(self._window)
                        if entries:
                            self._deliver(entries, stop, progress)
                        elif until_empty:
                            return
                        else:
                            stop.wait(_LOOK_S)
                    except OutboxCorrupted:
                        raise
                    except OutboxError as error:
                        # A full disk or a long lock: the events are still there.
                        self._stand_still(str(error), stop)
            finally:
                self._disconnect(timeout_s=1)

    def _deliver(
        self, entries: Sequence[Entry], stop: threading.Event, progress: Callable[[int], None]
    ) -> None:
        acknowledged, failures = self._attempt(self._readable(entries), stop)
        if acknowledged:
            self._outbox.acknowledge([entry.position for entry in acknowledged])
            progress(len(acknowledged))
        if not failures:
            self._succeed()
            return
        if stop.is_set():
            return
        # Also after a refusal: kafka-python then answers every later event with that same refusal.
        self._disconnect(timeout_s=0)
        passing = [failure for failure in failures if failure.verdict is not Verdict.REFUSED]
        if passing:
            self._window = next_window(self._window, complete=False)
            # What a person must change is said before what passes by itself.
            told = next((f for f in passing if f.verdict is Verdict.MISCONFIGURED), passing[0])
            self._stand_still(problem_of(told.error, self._addresses), stop)
        elif len(entries) > 1:
            # A broker may refuse a whole batch for one event: only one that fails alone is refused.
            self._window = 1
        else:
            self._put_aside(failures[0].entry, refusal_of(failures[0].error))

    def _readable(self, entries: Sequence[Entry]) -> list[Message]:
        messages = []
        for entry in entries:
            event = decode(entry.body)
            if isinstance(event, InvalidEvent):
                where = f" ({event.field})" if event.field else ""
                self._put_aside(entry, f"not an event any more: {event.reason}{where}")
            else:
                topic, key = route(event)
                messages.append(Message(entry, event, self._topic_prefix + topic, key))
        return messages

    def _attempt(
        self, messages: Sequence[Message], stop: threading.Event
    ) -> tuple[list[Entry], list[Failure]]:
        sent: list[tuple[Entry, Delivery, Sending | None]] = []
        failures: list[Failure] = []
        try:
            if messages and self._producer is None:
                self._producer = self._connect()
            for message in messages:
                assert self._producer is not None
                sending = self._traces.sending(message.event)
                delivery = self._producer.send(
                    message.topic,
                    value=message.entry.body,
                    key=message.key,
                    headers=headers_of(message.entry, sending),
                )
                sent.append((message.entry, delivery, sending))
        except Exception as error:
            # Whatever was not sent has failed for the same cause.
            unsent = messages[len(sent) :]
            failures = [Failure(message.entry, error, judge(error)) for message in unsent]
        deadline = time.monotonic() + self._attempt_s
        acknowledged = []
        for entry, delivery, sending in sent:
            problem, deadline = _answer(delivery, deadline, stop)
            if sending is not None:
                sending.end(None if problem is None else type(problem).__name__)
            if problem is None:
                acknowledged.append(entry)
            else:
                failures.append(Failure(entry, problem, judge(problem)))
        return acknowledged, failures

    def _put_aside(self, entry: Entry, reason: str) -> None:
        self._outbox.refuse(entry.position, reason)
        log.error(
            "event %s (%s) can never be delivered and was put aside: %s. Remedy: "
            "`passage edge refused list`",
            entry.event_id,
            entry.type,
            reason,
        )

    def _succeed(self) -> None:
        if self._problem is not None:
            log.warning("delivery goes on")
        self._problem = None
        self._failures = 0
        self._window = min(self._max_window, next_window(self._window, complete=True))

    def _stand_still(self, problem: str, stop: threading.Event) -> None:
        self._failures += 1
        now = time.monotonic()
        if problem != self._problem or now - self._said_at > _REMIND_S:
            log.error("delivery stands still: %s", problem)
            self._problem = problem
            self._said_at = now
            try:
                self._outbox.report_problem(problem)
            except OutboxError as error:
                log.error("outbox: %s", error)
        stop.wait(self._backoff(self._failures, random.random()))

    def _disconnect(self, timeout_s: float) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.close(timeout_s)


def _answer(
    delivery: Delivery, deadline: float, stop: threading.Event
) -> tuple[BaseException | None, float]:
    while True:
        now = time.monotonic()
        if stop.is_set():
            deadline = min(deadline, now + _STOP_S)
        try:
            # In short waits, so that a stop is noticed.
            delivery.get(timeout=max(0.0, min(0.1, deadline - now)))
            return None, deadline
        except Exception as error:
            if delivery.is_done or now >= deadline:
                return error, deadline
