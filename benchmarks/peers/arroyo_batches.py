"""sentry-arroyo as Sentry uses it: validate, batch, write, and commit offsets at the end.

Not guaranteed by the engine: it commits offsets once a second, so that a killed consumer reads
again what it has written. Here the database tells a repetition from an event by its id.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping
from typing import Any

from arroyo.backends.kafka import KafkaConsumer, KafkaPayload
from arroyo.backends.kafka.configuration import build_kafka_consumer_configuration
from arroyo.commit import ONCE_PER_SECOND
from arroyo.processing import StreamProcessor
from arroyo.processing.strategies import (
    BatchStep,
    CommitOffsets,
    ProcessingStrategy,
    ProcessingStrategyFactory,
    RunTask,
)
from arroyo.processing.strategies.batching import ValuesBatch
from arroyo.types import Commit, Message, Partition, Topic

from benchmarks.peers.job import BATCH_EVENTS, SHOW_EVERY_S, BatchSink, Place, row_of


class Recording(ProcessingStrategyFactory[KafkaPayload]):
    """The steps between a topic and the database."""

    def __init__(self, database: str) -> None:
        self._sink = BatchSink(database)

    def create_with_partitions(
        self, commit: Commit, partitions: Mapping[Partition, int]
    ) -> ProcessingStrategy[KafkaPayload]:
        """As arroyo asks for them at each assignment."""
        write = RunTask(self._write, CommitOffsets(commit))
        batch = BatchStep(BATCH_EVENTS, SHOW_EVERY_S, write)
        return RunTask(self._validate, batch)

    def _validate(self, message: Message[KafkaPayload]) -> tuple[Any, ...] | None:
        return row_of(message.payload.value)

    def _write(self, message: Message[ValuesBatch[tuple[Any, ...] | None]]) -> None:
        self._sink.write(value.payload for value in message.payload if value.payload is not None)


def processor(place: Place, topic: str, group: str) -> StreamProcessor[KafkaPayload]:
    """A processor reads one topic."""
    configuration = build_kafka_consumer_configuration(
        {}, group, auto_offset_reset="earliest", bootstrap_servers=[place.kafka]
    )
    return StreamProcessor(
        KafkaConsumer(configuration), Topic(topic), Recording(place.database), ONCE_PER_SECOND
    )


def count(place: Place) -> None:
    """Count until it is stopped."""
    visit_events = processor(place, place.visit_events, place.group)
    heartbeats = processor(place, place.heartbeats, f"{place.group}-heartbeats")
    signal.signal(signal.SIGTERM, lambda *_: visit_events.signal_shutdown())
    threading.Thread(target=heartbeats.run, daemon=True).start()
    visit_events.run()


if __name__ == "__main__":
    count(Place.from_environ())
