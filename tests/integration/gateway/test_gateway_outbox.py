"""The kiosk's outbox with events of others in it, which have their numbers already."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.codec import decode
from schemas.headers import GATEWAY_RECEIVED_AT
from services.edge.emitter import Emitter
from services.edge.errors import OutboxFull
from services.edge.outbox import Outbox
from services.edge.outbox_entries import Entry
from services.gateway.waiting import GatewayOutbox, Standing
from tests.events import ticket

AT = datetime(2026, 11, 25, 9, tzinfo=UTC)


def events(count: int, **changes: Any) -> list[Any]:
    return [decode(json.dumps(ticket(**changes)).encode()) for _ in range(count)]


def entry(event: Any, received_at: str | None = None) -> Entry:
    body = event.model_dump_json(exclude_none=True).encode()
    return Entry(
        0, str(event.event_id), event.type, event.occurred_at.isoformat(), body, received_at
    )


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[GatewayOutbox]:
    outbox = GatewayOutbox(tmp_path / "outbox.db", max_bytes=2**20, min_free_bytes=0, remembered=50)
    yield outbox
    outbox.close()


class Broker:
    """Acknowledges everything, or refuses what it is told to."""

    def __init__(self) -> None:
        self.headers: list[Any] = []
        self.refuses: set[str] = set()

    def send(self, topic: str, value: bytes, key: bytes, headers: Any = ()) -> Any:
        self.headers.append(list(headers))
        return _Answer(json.loads(value)["event_id"] in self.refuses)

    def close(self, timeout_s: float) -> None:
        pass


class InvalidRecordError(Exception):
    """As Kafka's, by name."""


class _Answer:
    is_done = True

    def __init__(self, refuses: bool) -> None:
        self._refuses = refuses

    def get(self, timeout: float | None = None) -> None:
        if self._refuses:
            raise InvalidRecordError


def delivering(outbox: Outbox, broker: Broker, stop: threading.Event) -> threading.Thread:
    emitter = Emitter(outbox, lambda: broker, backoff=lambda failures, spread: 0.0)
    thread = threading.Thread(target=emitter.run, args=(stop,))
    thread.start()
    return thread


def test_numbered_events_are_delivered_as_they_are_with_the_time_they_came(
    outbox: GatewayOutbox,
) -> None:
    sent = events(2, seq=7)
    places = outbox.enqueue([entry(sent[0], AT.isoformat()), entry(sent[1])])
    assert [one.position for one in outbox.pending(10)] == places
    assert [decode(one.body) for one in outbox.pending(10)] == sent
    broker = Broker()
    Emitter(outbox, lambda: broker).run(threading.Event(), until_empty=True)
    assert broker.headers == [[(GATEWAY_RECEIVED_AT, b"2026-11-25T09:00:00+00:00")], []]


def test_an_outbox_of_the_first_release_gets_the_new_column_and_keeps_its_events(
    tmp_path: Path,
) -> None:
    path = tmp_path / "old.db"
    with closing(Outbox(path, min_free_bytes=0)) as outbox:
        outbox.enqueue([entry(one) for one in events(3)])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE event DROP COLUMN received_at")
    with closing(Outbox(path, min_free_bytes=0)) as outbox:
        assert outbox.depth() == 3
        outbox.enqueue([entry(one, AT.isoformat()) for one in events(1)])
        assert [one.received_at for one in outbox.pending(9)] == [None] * 3 + [AT.isoformat()]


def test_events_of_others_are_written_all_or_none(tmp_path: Path) -> None:
    with closing(Outbox(tmp_path / "small.db", max_bytes=100_000, min_free_bytes=0)) as outbox:
        outbox.enqueue([entry(one) for one in events(10)])
        with pytest.raises(OutboxFull, match="10 events wait"):
            outbox.enqueue([entry(one) for one in events(500)])
        assert outbox.depth() == 10


def test_who_waits_is_told_as_soon_as_the_broker_has_it(outbox: GatewayOutbox) -> None:
    stop = threading.Event()
    thread = delivering(outbox, Broker(), stop)
    sent = events(30)
    taken = outbox.deliver(sent, AT, timeout_s=60)
    assert not taken.waiting
    assert all(isinstance(place, int) for place in taken.places)
    again = outbox.deliver(sent, AT, timeout_s=60)
    assert again.places == [Standing.ACKNOWLEDGED] * 30
    stop.set()
    thread.join(10)


def test_an_event_that_the_broker_refuses_is_put_aside_and_may_come_again(
    outbox: GatewayOutbox,
) -> None:
    stop, broker = threading.Event(), Broker()
    sent = events(3)
    broker.refuses = {str(sent[1].event_id)}
    thread = delivering(outbox, broker, stop)
    taken = outbox.deliver(sent, AT, timeout_s=60)
    assert taken.put_aside == {taken.places[1]}
    assert not taken.waiting
    assert [one.event_id for one in outbox.refused()] == [str(sent[1].event_id)]
    broker.refuses.clear()
    assert not outbox.deliver(sent[1:2], AT, timeout_s=60).put_aside
    stop.set()
    thread.join(10)


def test_many_at_once_wait_for_their_own_events_only(outbox: GatewayOutbox) -> None:
    stop = threading.Event()
    thread = delivering(outbox, Broker(), stop)
    left: list[int] = []

    def send() -> None:
        for _ in range(10):
            left.append(len(outbox.deliver(events(3), AT, timeout_s=60).waiting))

    senders = [threading.Thread(target=send) for _ in range(8)]
    for one in senders:
        one.start()
    for one in senders:
        one.join(60)
    stop.set()
    thread.join(10)
    assert left == [0] * 80
    assert outbox.depth() == 0


def test_nobody_waits_while_nothing_flows(outbox: GatewayOutbox) -> None:
    outbox.report_reachable(False)
    assert not outbox.is_flowing
    assert len(outbox.deliver(events(2), AT, timeout_s=600).waiting) == 2
    outbox.report_reachable(True)
    outbox.report_problem("no topic")
    assert len(outbox.deliver(events(2), AT, timeout_s=600).waiting) == 2
    outbox.acknowledge([one.position for one in outbox.pending(10)])
    assert outbox.is_flowing
