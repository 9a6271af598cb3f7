"""Step 4: play simulated days through the real edge, one outbox per device, into the real Kafka."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from services.runtime.kafka import Brokers
from services.simulator.fleet import PATIENCE_S, Fleet, PlayError, Progress
from services.simulator.pace import steps
from services.simulator.simulation import Simulation

__all__ = ["PATIENCE_S", "PlayError", "Progress", "play"]


def play(
    simulation: Simulation,
    kafka: Brokers | str,
    outboxes: Path,
    topic_prefix: str = "",
    speed: float | None = None,
    report: Callable[[Progress], None] = lambda progress: None,
    *,
    patience_s: float = PATIENCE_S,
) -> None:
    """Emit every event on its device; return once Kafka has acknowledged them all.

    `kafka` is where and how to log in, or just `host:port[,host:port]`; `outboxes` a folder without
    outboxes, which keeps one file per device; `speed` simulated seconds per second, or None for as
    fast as possible. Delivery goes on while events are written. Playing the same simulation again
    delivers the same bytes, which count once. Raises PlayError; `report` is called several times a
    second.
    """
    site_of = {event.device: event.site for event in simulation.events}
    with Fleet(site_of, kafka, outboxes, topic_prefix) as fleet:
        fleet.expect(len(simulation.events), report)
        for portion in steps(simulation.events, speed, monotonic=time.monotonic, sleep=time.sleep):
            fleet.emit(portion)
        fleet.await_delivery(patience_s)
