"""The broker goes and comes back while senders post to a gateway, and never try again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks.gateway_senders import arrived, ask, sending, serving
from services.stack.kafka import KafkaServer
from tests.conftest import free_ports

ENOUGH = 100


def test_what_a_gateway_has_answered_for_arrives_though_the_broker_was_away(
    broker: KafkaServer, topics: str, tmp_path: Path, eventually: Any
) -> None:
    [port] = free_ports(1)
    with serving(broker.bootstrap, topics, tmp_path, port) as (_, token):
        with sending(port, token, rate=300, seconds=200, batch_events=10, senders=3) as (
            sent,
            stop,
        ):
            eventually(lambda: len(sent.said("accepted")) > ENOUGH)
            broker.stop()
            eventually(lambda: len(sent.said("kept")) > ENOUGH)
            broker.start()
            before = len(sent.said("accepted"))
            eventually(lambda: len(sent.said("accepted")) > before + ENOUGH)
            stop.set()
        eventually(lambda: json.loads(ask(port, "/ready")[1]).get("waiting") == 0)
    assert sent.statuses.keys() <= {"202", "503"}
    assert sent.ids.keys() <= {"accepted", "kept"}
    assert sent.promised == set(arrived(broker.bootstrap, topics))
