"""Delivery to a real broker that stops, dies, refuses, or was never set up."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from schemas.codec import encode
from schemas.events import TicketIssued
from services.edge.errors import AlreadyDelivering

DEADLINE_S = 120.0


def _ids(events):
    return {event.event_id for event in events}


def _set_largest_message(broker, topic, size_bytes):
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
    try:
        config = {"max.message.bytes": str(size_bytes)}
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, config)])
    finally:
        admin.close()


def _first_arrivals(events):
    """Each visit's events in the order in which they were first seen."""
    seen, visits = set(), defaultdict(list)
    for event in events:
        if event.event_id not in seen:
            seen.add(event.event_id)
            visits[event.visit_id].append(event.seq)
    return visits


def _all_arrived_in_order(kiosk, arrived):
    events = arrived()
    assert _ids(events) == _ids(kiosk.reported)
    for seqs in _first_arrivals(events).values():
        assert seqs == sorted(seqs)


def test_a_broker_outage_loses_nothing_and_keeps_each_visits_order(
    kiosk, broker, arrived, eventually
):
    kiosk.start(max_window=30)
    kiosk.visits(200)
    eventually(lambda: kiosk.outbox.depth() < 500, deadline_s=DEADLINE_S)
    broker.stop()
    kiosk.visits(100, first=200)
    assert kiosk.outbox.depth() > 0
    problem = eventually(lambda: kiosk.outbox.status().problem, deadline_s=DEADLINE_S)
    assert "delivery goes on by itself" in problem
    broker.start()
    eventually(lambda: kiosk.outbox.depth() == 0, deadline_s=DEADLINE_S)
    assert kiosk.outbox.status().problem is None
    _all_arrived_in_order(kiosk, arrived)


def test_a_broker_that_is_killed_loses_nothing_that_it_acknowledged(
    kiosk, broker, arrived, eventually
):
    kiosk.start(max_window=10)
    kiosk.visits(300)
    eventually(lambda: kiosk.outbox.depth() < 800, deadline_s=DEADLINE_S)
    broker.kill()
    broker.start()
    eventually(lambda: kiosk.outbox.depth() == 0, deadline_s=DEADLINE_S)
    _all_arrived_in_order(kiosk, arrived)


_EMITTER = """
import sys, threading
from pathlib import Path
from services.edge.emitter import Emitter
from services.edge.outbox import Outbox
from services.edge.producer import producer_factory
from services.edge.settings import EdgeSettings
path, address, prefix = sys.argv[1:]
settings = EdgeSettings(device="k", site="s", outbox=path, kafka=address, topic_prefix=prefix)
outbox = Outbox(Path(path), min_free_bytes=0)
emitter = Emitter(outbox, producer_factory(settings), topic_prefix=prefix, max_window=40)
emitter.run(threading.Event(), until_empty=True)
"""


def test_an_emitter_killed_again_and_again_loses_nothing(kiosk, arrived, eventually):
    chance = random.Random(7)
    kiosk.visits(667)
    command = [sys.executable, "-c", _EMITTER, str(kiosk.outbox.path), kiosk.address]
    kills = 0
    while (depth := kiosk.outbox.depth()) > 0:
        below = depth - chance.randrange(1, 400)
        with subprocess.Popen([*command, kiosk.settings.topic_prefix]) as emitter:
            eventually(
                lambda below=below: kiosk.outbox.depth() <= max(below, 0), deadline_s=DEADLINE_S
            )
            # Anywhere between sending a window and forgetting it.
            time.sleep(chance.random() * 0.03)
            kills += emitter.poll() is None
            emitter.kill()
    assert kills >= 3
    kiosk.outbox.require_sound()
    _all_arrived_in_order(kiosk, arrived)


def test_what_the_broker_refuses_for_ever_is_put_aside_and_the_rest_passes(
    kiosk, broker, topics, arrived, eventually
):
    _set_largest_message(broker, f"{topics}visit-events", 580)
    kiosk.settings = kiosk.settings.model_copy(update={"compression": "none"})
    kiosk.visits(10)
    long = "x" * 40
    too_large = kiosk.device.emit(
        TicketIssued,
        **kiosk.device.ticket_fields(long, "A0001"),
        queue=long,
        number="A0001",
        directorate=long,
        service=long,
        party_size={"persons": 9, "declared": True},
    )
    assert len(encode(too_large)) > 580 > 120 + max(len(encode(e)) for e in kiosk.reported)
    kiosk.visits(10, first=10)
    kiosk.start()
    eventually(lambda: kiosk.outbox.depth() == 0, deadline_s=DEADLINE_S)
    [refused] = kiosk.outbox.refused()
    assert refused.event_id == str(too_large.event_id)
    assert "MessageSizeTooLarge" in refused.reason
    _all_arrived_in_order(kiosk, arrived)


def test_a_topic_that_is_missing_is_said_with_its_remedy(kiosk, eventually):
    kiosk.settings = kiosk.settings.model_copy(update={"topic_prefix": "missing."})
    kiosk.visits(1)
    kiosk.start()
    problem = eventually(lambda: kiosk.outbox.status().problem, deadline_s=DEADLINE_S)
    assert "passage provision topics" in problem
    assert kiosk.outbox.depth() == 3


def test_a_second_emitter_is_told_who_delivers(kiosk, eventually):
    kiosk.start()
    kiosk.visits(1)
    eventually(lambda: kiosk.outbox.depth() == 0, deadline_s=DEADLINE_S)
    second = kiosk.command("deliver")
    _, said = second.communicate(timeout=60)
    assert second.returncode == 1
    assert f"process {os.getpid()} delivers from this outbox already" in said
    with pytest.raises(AlreadyDelivering):
        kiosk.emitter().run(kiosk._stop)


def test_run_delivers_beats_and_ends_within_seconds_of_sigterm(kiosk, arrived, eventually):
    kiosk.visits(5)
    daemon = kiosk.command("run")
    try:
        eventually(lambda: kiosk.outbox.depth() == 0, deadline_s=DEADLINE_S)
        eventually(lambda: len(arrived("heartbeats")) >= 3, deadline_s=DEADLINE_S)
        asked = time.monotonic()
        daemon.send_signal(signal.SIGTERM)
        daemon.communicate(timeout=30)
        assert time.monotonic() - asked < 10
        assert daemon.returncode == 0
    finally:
        daemon.kill()
    _all_arrived_in_order(kiosk, arrived)
    started, *beats = arrived("heartbeats")
    assert started.type == "device_started"
    assert {beat.type for beat in beats} == {"heartbeat"}
    assert all(1 <= beat.covers_s <= 10 for beat in beats)


def test_run_ends_within_seconds_while_the_broker_is_away(kiosk, broker, eventually):
    broker.stop()
    kiosk.visits(5)
    daemon = kiosk.command("run")
    try:
        eventually(lambda: kiosk.outbox.status().problem, deadline_s=DEADLINE_S)
        daemon.send_signal(signal.SIGTERM)
        daemon.communicate(timeout=15)
        assert daemon.returncode == 0
    finally:
        daemon.kill()
    assert kiosk.outbox.depth() >= 15


def test_deliver_ends_when_nothing_waits_any_more(kiosk, arrived):
    kiosk.visits(5)
    deliver = kiosk.command("deliver", "--timeout", "60")
    said, _ = deliver.communicate(timeout=90)
    assert said == "15 delivered, 0 wait, 0 refused\n"
    assert deliver.returncode == 0
    status = kiosk.command("status", "--json")
    found, _ = status.communicate(timeout=60)
    assert json.loads(found)["depth"] == 0
    assert status.returncode == 0
    _all_arrived_in_order(kiosk, arrived)
