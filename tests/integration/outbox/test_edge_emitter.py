from __future__ import annotations

import random
import subprocess
import sys
import threading

import pytest
from kafka import errors

from schemas.codec import decode
from schemas.events import TicketIssued
from services.edge.delivery_lock import DeliveryLock, holder_of
from services.edge.emitter import Emitter
from services.edge.errors import AlreadyDelivering


class _Delivery:
    def __init__(self, error=None, *, done=True):
        self.is_done = done
        self._error = error

    def get(self, timeout=None):
        if not self.is_done:
            raise errors.KafkaTimeoutError
        if self._error is not None:
            raise self._error


class FakeBroker:
    """Takes messages, or fails as `faults` says: one per send, None for success."""

    def __init__(self):
        self.taken = []
        self.connections = 0
        self.fault = lambda value: None
        self._fatal = None

    def connect(self):
        self.connections += 1
        self._fatal = None
        return self

    def send(self, topic, value, key, headers=()):
        # As kafka-python: once one event was refused, the producer refuses all.
        fault = self._fatal or self.fault(value)
        if isinstance(fault, errors.MessageSizeTooLargeError):
            self._fatal = fault
        if fault == "raise":
            raise errors.KafkaTimeoutError
        if fault == "silent":
            return _Delivery(done=False)
        if fault is not None:
            return _Delivery(fault)
        self.taken.append((topic, key, value))
        return _Delivery()

    def close(self, timeout_s):
        pass

    @property
    def event_ids(self):
        return [str(decode(value).event_id) for _, _, value in self.taken]


@pytest.fixture
def broker():
    return FakeBroker()


@pytest.fixture
def emitter(outbox, broker):
    return Emitter(
        outbox,
        broker.connect,
        addresses="kafka:9092",
        topic_prefix="t.",
        attempt_s=0.05,
        backoff=lambda failures, spread: 0.001,
    )


def _tickets(device, count):
    for number in (f"A{n}" for n in range(count)):
        where = {"queue": "q", "number": number, "directorate": "d", "service": "s"}
        yield TicketIssued, device.ticket_fields("q", number) | where


def _issue(device, count):
    return [str(event.event_id) for event in device.emit_many(_tickets(device, count))]


def _deliver(emitter):
    emitter.run(threading.Event(), until_empty=True)


def test_events_are_delivered_in_order_and_then_forgotten(device, outbox, broker, emitter):
    issued = _issue(device, 1200)
    _deliver(emitter)
    assert broker.event_ids == issued
    assert outbox.depth() == 0
    assert broker.connections == 1


def test_visits_go_by_visit_and_signs_of_life_by_device(device, broker, emitter):
    ticket = device.issue_ticket("q", "A1", "d", "s")
    device.heartbeat(30)
    _deliver(emitter)
    assert [(topic, key) for topic, key, _ in broker.taken] == [
        ("t.visit-events", str(ticket.visit_id).encode()),
        ("t.heartbeats", b"creteil-kiosk-1"),
    ]


@pytest.mark.parametrize("seed", range(10))
def test_whatever_fails_for_a_while_nothing_is_lost(device, outbox, broker, emitter, seed):
    chance = random.Random(seed)
    issued = _issue(device, 300)
    faults = ["raise", "silent", errors.NotEnoughReplicasError(), errors.KafkaConnectionError()]
    broker.fault = lambda value: chance.choice(faults) if chance.random() < 0.02 else None
    _deliver(emitter)
    assert set(broker.event_ids) == set(issued)
    assert outbox.depth() == 0
    assert outbox.refused() == []


def test_an_event_is_not_forgotten_before_the_broker_has_it(device, outbox, broker, emitter):
    _issue(device, 3)
    broker.fault = lambda value: "silent"
    stop = threading.Event()
    thread = threading.Thread(target=emitter.run, args=(stop,))
    thread.start()
    thread.join(0.3)
    assert outbox.depth() == 3
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert "does not answer" in (outbox.status().problem or "")


def test_only_the_event_that_is_refused_alone_is_put_aside(device, outbox, broker, emitter):
    issued = _issue(device, 40)
    broker.fault = lambda value: (
        errors.MessageSizeTooLargeError() if issued[17].encode() in value else None
    )
    _deliver(emitter)
    assert [refused.event_id for refused in outbox.refused()] == [issued[17]]
    assert set(broker.event_ids) == set(issued) - {issued[17]}


def test_an_event_that_is_none_any_more_is_put_aside_and_the_rest_passes(
    device, outbox, broker, emitter
):
    issued = _issue(device, 3)
    with outbox._file.transaction() as connection:
        connection.execute("UPDATE event SET body = x'00' WHERE event_id = ?", (issued[1],))
    _deliver(emitter)
    assert broker.event_ids == [issued[0], issued[2]]
    [refused] = outbox.refused()
    assert (refused.event_id, refused.reason) == (issued[1], "not an event any more: not_json")


def test_what_a_person_must_change_is_said_once_with_its_remedy(
    device, outbox, broker, emitter, caplog
):
    issued = _issue(device, 1)
    attempts = []

    def fault(value):
        attempts.append(value)
        return errors.UnknownTopicOrPartitionError() if len(attempts) < 5 else None

    broker.fault = fault
    _deliver(emitter)
    assert broker.event_ids == issued
    assert caplog.text.count("passage provision topics") == 1
    assert "delivery goes on" in caplog.text


def test_a_producer_that_failed_is_replaced(device, broker, emitter):
    _issue(device, 1)
    attempts = []
    broker.fault = lambda value: attempts.append(value) or ("raise" if len(attempts) < 3 else None)
    _deliver(emitter)
    assert broker.connections == 3


def test_a_second_emitter_hears_who_delivers(device, outbox, emitter):
    code = (
        "import sys, pathlib\n"
        "from services.edge.delivery_lock import DeliveryLock\n"
        "with DeliveryLock(pathlib.Path(sys.argv[1])):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(outbox.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert holder_of(outbox.path) == holder.pid
        with pytest.raises(AlreadyDelivering, match=str(holder.pid)):
            _deliver(emitter)
        holder.kill()
    assert holder_of(outbox.path) is None
    with DeliveryLock(outbox.path):
        pass


def test_delivery_may_start_before_the_first_event(tmp_path):
    with DeliveryLock(tmp_path / "new" / "outbox.db"):
        assert holder_of(tmp_path / "new" / "outbox.db") is not None


def test_a_stop_does_not_wait_for_the_backoff(device, outbox, broker):
    _issue(device, 1)
    broker.fault = lambda value: "raise"
    emitter = Emitter(outbox, broker.connect, backoff=lambda failures, spread: 600.0)
    stop = threading.Event()
    thread = threading.Thread(target=emitter.run, args=(stop,))
    thread.start()
    thread.join(0.2)
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
