"""When a device says that it lives, and for how long it can vouch."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

from services.edge.device import Device
from services.edge.errors import OutboxError

log = logging.getLogger("passage.edge")

MAX_COVERS_S = 3600
# Above this share of the outbox, heartbeats make room for visitors; one an hour proves coverage.
NEARLY_FULL = 0.9
SPARSE_INTERVAL_S = 3300.0


@dataclass(frozen=True, slots=True)
class Coverage:
    """Since when, on the monotonic clock, the device has been able to record without a break."""

    since_ms: int
    checked_ms: int

    @classmethod
    def starting(cls, now_ms: int) -> Coverage:
        """Nothing is vouched for before `now_ms`."""
        return cls(now_ms, now_ms)

    def checked(self, now_ms: int, *, able: bool, interval_s: float) -> Coverage:
        """After a look at the device; a look that comes far too late means that it slept."""
        slept = now_ms - self.checked_ms > 3 * interval_s * 1000
        if slept or not able:
            return Coverage.starting(now_ms)
        return Coverage(self.since_ms, now_ms)

    def covers_s(self, now_ms: int) -> int:
        """Whole seconds up to now that a heartbeat may claim."""
        return min(MAX_COVERS_S, max(0, now_ms - self.since_ms) // 1000)

    def after_heartbeat(self, now_ms: int) -> Coverage:
        """What is left to claim: the part of a second that did not make a whole one."""
        return Coverage(now_ms - (now_ms - self.since_ms) % 1000, now_ms)


def is_due(last_ms: int, now_ms: int, *, interval_s: float, fullness: float) -> bool:
    """True when it is time for a heartbeat; far more seldom when the outbox is nearly full."""
    every_s = max(interval_s, SPARSE_INTERVAL_S) if fullness >= NEARLY_FULL else interval_s
    return now_ms - last_ms >= every_s * 1000


def beat(device: Device, stop: threading.Event, *, interval_s: float = 30.0) -> None:
    """Send heartbeats through the outbox until `stop` is set.

    They go through the outbox so that, after an outage, the hours without network turn out to have
    been covered. While the outbox takes nothing, no time is claimed.
    """
    now_ms = device.clock.monotonic_ms()
    coverage = Coverage.starting(now_ms)
    last_ms = now_ms
    sparse = False
    while not stop.wait(interval_s):
        now_ms = device.clock.monotonic_ms()
        coverage = coverage.checked(now_ms, able=True, interval_s=interval_s)
        try:
            fullness = device.outbox.status().fullness
            if (fullness >= NEARLY_FULL) != sparse:
                sparse = not sparse
                _say_sparse(sparse, fullness)
            if not is_due(last_ms, now_ms, interval_s=interval_s * 0.99, fullness=fullness):
                continue
            device.heartbeat(coverage.covers_s(now_ms))
        except OutboxError as error:
            coverage = coverage.checked(now_ms, able=False, interval_s=interval_s)
            log.error("heartbeat not recorded: %s", error)
        else:
            coverage = coverage.after_heartbeat(now_ms)
            last_ms = now_ms


def _say_sparse(sparse: bool, fullness: float) -> None:
    if sparse:
        log.warning(
            "outbox is %d%% full: one heartbeat an hour from now on, to keep room for visitors",
            round(fullness * 100),
        )
    else:
        log.info("outbox has room again: heartbeats are back to normal")
