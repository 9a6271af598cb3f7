"""What the gateway counts and measures of itself, for Prometheus."""

from __future__ import annotations

from collections.abc import Sequence

from services.gateway.bodies import Slots
from services.gateway.results import Outcome, Results
from services.gateway.waiting import GatewayOutbox
from services.runtime.metrics import Declared, Metrics


class Measures:
    """The metrics, and what changes them."""

    def __init__(self, outbox: GatewayOutbox) -> None:
        self._metrics = metrics = Metrics("gateway")
        self._requests = metrics.counter(
            "requests_total", "requests to /v1, by the status of the answer", "status"
        )
        self._seconds = metrics.histogram(
            "request_seconds", "from the head of a request to /v1 to its answer"
        )
        self._events = metrics.counter(
            "events_total", "events by what their sender was told became of them", "result"
        )
        for outcome in Outcome:
            self._events.labels(outcome)
        self._refusals = metrics.counter("refusals_total", "refused events by reason", "reason")
        self._delivered = metrics.counter(
            "delivered_total", "events that left the outbox for Kafka"
        )
        self._in_progress = metrics.gauge("requests_in_progress", "requests that are worked on")
        metrics.gauge("outbox_events", "events that wait for Kafka").set_function(outbox.depth)
        metrics.gauge(
            "outbox_refused_events", "events that Kafka refused: a person must look at them"
        ).set_function(lambda: outbox.status().refused)
        metrics.gauge(
            "outbox_fullness_ratio", "share of the outbox in use; at 1 events are not kept"
        ).set_function(lambda: outbox.status().fullness)
        metrics.gauge("kafka_up", "1 while events flow to Kafka, else 0").set_function(
            lambda: float(outbox.is_flowing)
        )

    def watch(self, slots: Slots) -> None:
        """Tell how many requests are worked on."""
        self._in_progress.set_function(lambda: slots.taken)

    def request(self, status: int, took_s: float) -> None:
        """A request to /v1 was answered."""
        self._requests.labels(status).inc()
        self._seconds.observe(took_s)

    def taken(self, results: Results) -> None:
        """Events were taken in, or not."""
        for outcome, count in results.counts().items():
            self._events.labels(outcome).inc(count)
        for result in results.results:
            if result.reason is not None:
                self._refusals.labels(result.reason).inc()

    def delivered(self, count: int) -> None:
        """Kafka has acknowledged events."""
        self._delivered.inc(count)

    @property
    def declared(self) -> Sequence[Declared]:
        """Every metric, as docs/gateway.md lists it."""
        return self._metrics.declared

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """The numbers as they are now, and their content type."""
        return self._metrics.exposition(accept)
