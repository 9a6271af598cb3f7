"""What a device counts, for Prometheus, where a setting asks for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime

from prometheus_client import start_http_server

from services.edge.errors import OutboxError
from services.edge.outbox import Outbox
from services.edge.outbox_entries import OutboxStatus
from services.runtime.metrics import Metrics
from services.runtime.settings import InvalidSetting


class EdgeMetrics(Metrics):
    """The metrics of one device: what it delivered, and its outbox as it is when asked."""

    def __init__(
        self, outbox: Outbox, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        super().__init__("edge")
        self._outbox = outbox
        self._now = now
        self._delivered = self.counter(
            "delivered_total", "events that the broker has acknowledged since the start"
        )
        self._seen("pending_events", "events that wait in the outbox", lambda s: s.depth)
        self._seen(
            "refused_events", "events put aside: the broker never takes them", lambda s: s.refused
        )
        self._seen(
            "oldest_pending_seconds",
            "since the oldest waiting event happened, by the device's clock; 0 when none waits",
            self._oldest_s,
        )
        self._seen("outbox_used_bytes", "room that the outbox takes", lambda s: s.used_bytes)
        self._seen("outbox_limit_bytes", "room that it may take", lambda s: s.max_bytes)
        self._seen(
            "delivery_halted",
            "1 while delivery stands still; `passage edge status` says why",
            lambda s: s.problem is not None,
        )

    def delivered(self, events: int) -> None:
        """The broker has acknowledged so many more."""
        self._delivered.inc(events)

    def serve(self, host: str, port: int) -> None:
        """Answer at /metrics in a thread of its own. Raises InvalidSetting: the port is taken."""
        try:
            start_http_server(port, host, self.registry)
        except OSError as error:
            raise InvalidSetting(
                f"PASSAGE_METRICS_PORT cannot be used ({host}:{port}: {error.strerror});"
                " expected a free port and an address of this machine"
            ) from None

    def _seen(self, name: str, meaning: str, value: Callable[[OutboxStatus], float]) -> None:
        def now() -> float:
            try:
                return float(value(self._outbox.status()))
            except OutboxError:  # a long lock, a damaged file: nobody knows
                return math.nan

        self.gauge(name, meaning).set_function(now)

    def _oldest_s(self, status: OutboxStatus) -> float:
        if status.oldest_occurred_at is None:
            return 0.0
        oldest = datetime.fromisoformat(status.oldest_occurred_at)
        return max(0.0, (self._now() - oldest).total_seconds())
