"""All that is in a topic."""

from __future__ import annotations

from typing import Any

from kafka import KafkaConsumer, TopicPartition


def messages_in(kafka: str, topic: str) -> list[Any]:
    """Its messages as the client gives them, each partition in its order."""
    consumer = KafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False)
    try:
        partitions = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic)]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        found: list[Any] = []
        while any(consumer.position(p) < ends[p] for p in partitions):
            for some in consumer.poll(timeout_ms=1000).values():
                found += some
        return found
    finally:
        consumer.close()
