"""A gateway of its own process, senders that post to it at a steady rate, and what arrived.

For the benchmark of the gateway and for the test that takes its broker away. Senders never try
again: whatever the gateway said it accepted or kept must be in Kafka in the end.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks.processes import running
from benchmarks.whole_topic import messages_in
from schemas.topics import VISIT_EVENTS
from services.gateway.tokens import TokenFile

SITE, SOURCE = "creteil-accueil", "acc-borne-1"
LONGEST_S = 300.0


@dataclass
class Sent:
    """What senders did and were told."""

    ids: dict[str, set[str]] = field(default_factory=dict)
    """Ids of events by what was said of them; `unanswered` where nothing was."""
    statuses: Counter[str] = field(default_factory=Counter)
    took_s: list[float] = field(default_factory=list)
    late_s: float = 0.0
    """The most that a request was sent after its time: what the senders could not hold."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def said(self, outcome: str) -> set[str]:
        """Ids of the events of which this was said."""
        return self.ids.get(outcome, set())

    @property
    def promised(self) -> set[str]:
        """Events that must be in Kafka in the end."""
        return self.said("accepted") | self.said("duplicate") | self.said("kept")

    def note(
        self, batch: Sequence[dict[str, Any]], status: str, told: Any, took_s: float, late_s: float
    ) -> None:
        """Add the answer to one request."""
        results = told.get("results") if isinstance(told, dict) else None
        with self._lock:
            self.statuses[status] += 1
            self.took_s.append(took_s)
            self.late_s = max(self.late_s, late_s)
            for index, event in enumerate(batch):
                outcome = results[index]["result"] if results else "unanswered"
                self.ids.setdefault(outcome, set()).add(event["event_id"])


class Sender:
    """Sends batches of new events at a steady rate until its time is over."""

    def __init__(
        self, port: int, token: str, *, events_per_s: float, batch_events: int, sent: Sent
    ) -> None:
        self._every_s = batch_events / events_per_s
        self._batch_events = batch_events
        self._sent = sent
        self._connection = HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/x-ndjson",
        }
        self._boot_id = str(uuid4())
        self._seq = 0

    def run(self, seconds: float, stop: threading.Event) -> None:
        """Send for so long, or until told. A request that is late does not delay those after it."""
        began_s = time.monotonic()
        for number in range(round(seconds / self._every_s)):
            due_s = began_s + number * self._every_s
            if stop.wait(max(0.0, due_s - time.monotonic())):
                break
            self._post(late_s=time.monotonic() - due_s)
        self._connection.close()

    def _post(self, late_s: float) -> None:
        batch = [self._event() for _ in range(self._batch_events)]
        body = "\n".join(map(json.dumps, batch))
        asked_s = time.monotonic()
        try:
            self._connection.request("POST", "/v1/events", body, self._headers)
            response = self._connection.getresponse()
            status, told = f"{response.status}", json.loads(response.read())
        except (OSError, HTTPException, ValueError) as error:
            self._connection.close()
            status, told = type(error).__name__, None
        self._sent.note(batch, status, told, time.monotonic() - asked_s, late_s)

    def _event(self) -> dict[str, Any]:
        self._seq += 1
        return {
            "event_id": str(uuid4()),
            "type": "ticket_issued",
            "version": 1,
            "source": SOURCE,
            "boot_id": self._boot_id,
            "seq": self._seq,
            "monotonic_ms": self._seq,
            "occurred_at": datetime.now(UTC).isoformat(),
            "clock": {"synced": True},
            "site": SITE,
            "visit_id": str(uuid4()),
            "queue": "acc-titres",
            "number": f"T{self._seq % 1000:03d}",
            "directorate": "dcl",
            "service": "titres",
        }


@contextmanager
def serving(kafka: str, prefix: str, folder: Path, port: int) -> Iterator[tuple[int, str]]:
    """A gateway of its own process; its pid, and a token. It is stopped at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    token = TokenFile(folder / "tokens.json").create(
        f"bench-{uuid4().hex[:8]}", SITE, [SOURCE], None, datetime.now(UTC)
    )
    environ = {
        "PASSAGE_KAFKA": kafka,
        "PASSAGE_TOPIC_PREFIX": prefix,
        "PASSAGE_GATEWAY_PORT": f"{port}",
        "PASSAGE_GATEWAY_TOKENS": f"{folder / 'tokens.json'}",
        "PASSAGE_GATEWAY_OUTBOX": f"{folder / 'outbox.db'}",
        "PASSAGE_GATEWAY_OUTBOX_MIN_FREE_MB": "0",
        "PASSAGE_GATEWAY_REQUESTS_PER_MINUTE": "1000000",
    }
    with running(
        "services.gateway", "serve", environ=environ, log=folder / "gateway.log"
    ) as gateway:
        wait_until(lambda: ask(port, "/ready")[0] == 200)
        yield gateway.pid, token


def ask(port: int, path: str) -> tuple[int, str]:
    """Status and text of a page of the gateway; status 0 when it does not answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    except (OSError, HTTPException):
        return 0, ""
    finally:
        connection.close()


def wait_until(condition: Callable[[], bool], longest_s: float = LONGEST_S) -> None:
    """Wait until it holds. Raises TimeoutError."""
    ends_s = time.monotonic() + longest_s
    while not condition():
        if time.monotonic() > ends_s:
            raise TimeoutError(f"not within {longest_s:g} s")
        time.sleep(0.05)


@contextmanager
def sending(
    port: int, token: str, *, rate: float, seconds: float, batch_events: int, senders: int
) -> Iterator[tuple[Sent, threading.Event]]:
    """Send from so many threads beside the block, which ends when they have ended.

    Gives what they are told, which grows, and the event that ends them before their time.
    """
    sent, stop = Sent(), threading.Event()
    threads = [
        threading.Thread(
            target=Sender(
                port, token, events_per_s=rate / senders, batch_events=batch_events, sent=sent
            ).run,
            args=(seconds, stop),
        )
        for _ in range(senders)
    ]
    for one in threads:
        one.start()
    try:
        yield sent, stop
    except BaseException:
        stop.set()
        raise
    finally:
        for one in threads:
            one.join()


def arrived(kafka: str, prefix: str) -> Counter[str]:
    """How often each event is in the topic."""
    messages = messages_in(kafka, prefix + VISIT_EVENTS.name)
    return Counter(json.loads(message.value)["event_id"] for message in messages)
