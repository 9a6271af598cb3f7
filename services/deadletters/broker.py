"""The broker, for a replay: originals are read from it, messages are sent again to it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError

from services.deadletters.errors import KafkaRefuses
from services.deadletters.letters import LetterId
from services.deadletters.sending import Original, Sendable
from services.runtime.handshake import CannotLogIn, explain, reach
from services.runtime.kafka import Brokers

PATIENCE_S = 30.0
_BOOTSTRAP_MS = 10_000
_READ_S = 15.0
_CLIENT = "passage-dead-letters"


class Sender:
    """Sends messages and tells which of them the broker acknowledged."""

    def __init__(self, producer: Any) -> None:
        self._producer = producer

    def send(self, messages: Sequence[Sendable]) -> tuple[list[LetterId], KafkaError | None]:
        """Send all, wait for each; the acknowledged ones, and the first failure if any."""
        acknowledged: list[LetterId] = []
        failure: KafkaError | None = None
        sent = []
        for message in messages:
            try:
                future = self._producer.send(
                    message.topic, key=message.key, value=message.value, headers=message.headers
                )
            except KafkaError as error:
                failure = error
                break
            sent.append((message, future))
        for message, future in sent:
            try:
                future.get()
            except KafkaError as error:
                failure = failure or error
            else:
                acknowledged.append(message.letter.id)
        return acknowledged, failure


@contextmanager
def open_sender(kafka: Brokers | str, patience_s: float = PATIENCE_S) -> Iterator[Sender]:
    """A sender whose messages count as sent once all replicas have them. Raises KafkaRefuses.

    `patience_s` is how long a message may wait for its acknowledgement.
    """
    with _client(
        kafka,
        KafkaProducer,
        acks="all",
        enable_idempotence=True,
        linger_ms=5,
        max_block_ms=_BOOTSTRAP_MS,
        request_timeout_ms=int(patience_s * 1000 / 3),
        delivery_timeout_ms=int(patience_s * 1000),
    ) as producer:
        yield Sender(producer)


class Originals:
    """Reads single messages by their place; bytes go nowhere but to the caller."""

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer
        self._known: dict[TopicPartition, range] = {}

    def read(self, letter_id: LetterId) -> Original | None:
        """The message at that place, or None when the topic has none there any more."""
        partition = TopicPartition(letter_id.topic, letter_id.partition)
        if letter_id.offset not in self._offsets(partition):
            return None
        if self._consumer.assignment() != {partition}:
            self._consumer.assign([partition])
        self._consumer.seek(partition, letter_id.offset)
        ends = time.monotonic() + _READ_S
        while time.monotonic() < ends:
            for record in self._consumer.poll(timeout_ms=500, max_records=1).get(partition, ()):
                if record.offset != letter_id.offset:
                    return None
                return Original(record.key, record.value or b"")
        raise KafkaRefuses(f"Kafka does not give out {letter_id} within {_READ_S:.0f} s; repeat")

    def _offsets(self, partition: TopicPartition) -> range:
        if partition not in self._known:
            if partition.partition not in (
                self._consumer.partitions_for_topic(partition.topic) or ()
            ):
                return range(0)
            first = self._consumer.beginning_offsets([partition])[partition]
            end = self._consumer.end_offsets([partition])[partition]
            self._known[partition] = range(first, end)
        return self._known[partition]


@contextmanager
def open_originals(kafka: Brokers | str) -> Iterator[Originals]:
    """A reader of single messages. Raises KafkaRefuses."""
    with _client(
        kafka,
        KafkaConsumer,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=100,
        # One message is wanted, not a megabyte of its neighbours.
        max_partition_fetch_bytes=16 * 1024,
    ) as consumer:
        yield Originals(consumer)


@contextmanager
def _client(kafka: Brokers | str, kind: Any, **config: Any) -> Iterator[Any]:
    brokers = Brokers.at(kafka)
    try:
        reach(brokers)
        client = kind(
            **brokers.arguments(),
            client_id=_CLIENT,
            bootstrap_timeout_ms=_BOOTSTRAP_MS,
            # Topics are declared; a command must not make one with the broker's defaults.
            allow_auto_create_topics=False,
            metrics_enabled=False,
            **config,
        )
    except (KafkaError, CannotLogIn, OSError) as error:
        raise KafkaRefuses(
            explain(brokers, error)
            or f"Kafka does not answer on {brokers} ({error}); start it, or correct PASSAGE_KAFKA"
        ) from None
    try:
        yield client
    except KafkaError as error:
        raise KafkaRefuses(
            explain(brokers, error) or f"Kafka on {brokers} refuses: {error}; repeat the command"
        ) from None
    finally:
        client.close()
