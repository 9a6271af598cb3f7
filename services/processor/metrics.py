"""What a worker counts and measures, for Prometheus. Once a batch, never for each event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from schemas.codec import InvalidEvent, decode
from services.processor.messages import Message
from services.processor.recording import Recorded
from services.runtime.metrics import DELAY_SECONDS, Metrics

MOST_SAMPLES = 20
"""Messages of a batch whose delay is measured, evenly spread over it."""


class ProcessorMetrics(Metrics):
    """The metrics of one worker."""

    def __init__(self) -> None:
        super().__init__("processor")
        self._events = self.counter("events_total", "events recorded for the first time")
        self._device_events = self.counter(
            "device_events_total", "heartbeats and starts of devices taken up, repeats included"
        )
        self._duplicates = self.counter(
            "duplicates_total", "events that were recorded before, with the same content"
        )
        self._dead_letters = self.counter(
            "dead_letters_total",
            "messages refused, by the reason that the dead letter has",
            "reason",
        )
        self._batch_seconds = self.histogram(
            "batch_seconds", "from a batch's first statement to its commit, retries included"
        )
        self._batch_messages = self.histogram(
            "batch_messages",
            "messages in a batch",
            bounds=(1, 10, 100, 500, 1000, 2000, 5000, 10_000),
        )
        self._delay = self.histogram(
            "delay_seconds",
            f"from the broker's receipt of a message to its commit; {MOST_SAMPLES} of a batch"
            " at most",
            bounds=DELAY_SECONDS,
        )
        self._age = self.histogram(
            "event_age_seconds",
            "from what the device says of when it happened to the commit; of the same messages",
            bounds=DELAY_SECONDS,
        )
        self._retries = self.counter(
            "retries_total", "actions that failed in a way that may pass", "action"
        )
        self._published = self.counter(
            "published_messages_total", "changes published on the topic footfall"
        )
        self._publication_failures = self.counter(
            "publication_failures_total", "rounds of publication that failed; changes wait"
        )
        self._lag = self.gauge(
            "lag_messages",
            "messages that the group has not acknowledged, of this worker's partitions;"
            " absent while the broker does not say",
            "topic",
            "partition",
        )
        self.ready = self.gauge("ready", "1 while broker and database answer, as /ready has it")
        self.registry_revision = self.gauge(
            "registry_revision", "revision of the registry that events are held against"
        )

    def recorded(
        self, messages: Sequence[Message], recorded: Recorded, *, took_s: float, at: datetime
    ) -> None:
        """A batch was committed at an instant (UTC)."""
        self._events.inc(recorded.events)
        self._device_events.inc(recorded.device_events)
        self._duplicates.inc(recorded.duplicates)
        for reason, refused in Counter(one.reason for one in recorded.dead_letters).items():
            self._dead_letters.labels(reason).inc(refused)
        self._batch_seconds.observe(took_s)
        self._batch_messages.observe(len(messages))
        for message in messages[:: max(1, -(-len(messages) // MOST_SAMPLES))]:
            event = decode(message.value)
            self._delay.observe((at - message.received_at).total_seconds())
            if not isinstance(event, InvalidEvent):
                self._age.observe((at - event.occurred_at).total_seconds())

    def retried(self, action: str) -> None:
        """An action failed, and is tried again."""
        self._retries.labels(action).inc()

    def published(self, messages: int) -> None:
        """A round of publication came to its end."""
        self._published.inc(messages)

    def publication_failed(self) -> None:
        """A round of publication did not."""
        self._publication_failures.inc()

    def lagging(self, messages: Mapping[tuple[str, int], int]) -> None:
        """How far behind the worker is, by topic and partition; none when nobody knows."""
        self._lag.clear()
        for (topic, partition), behind in messages.items():
            self._lag.labels(topic, str(partition)).set(behind)
