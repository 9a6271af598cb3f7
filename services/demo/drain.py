"""Wait until a consumer group has acknowledged everything."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from kafka import KafkaConsumer, TopicPartition

_LOOK_S = 0.2


class NotDrained(Exception):
    """The workers stopped making progress before the end."""


def drain(
    kafka: str,
    group: str,
    topics: Sequence[str],
    *,
    is_alive: Callable[[], bool],
    report: Callable[[int], None],
    patience_s: float = 60.0,
) -> None:
    """Return when no message of the topics is unacknowledged; `report` gets how many still are.

    Raises NotDrained when `is_alive` says no, or when nothing moved for `patience_s`.
    """
    consumer = KafkaConsumer(bootstrap_servers=kafka, group_id=group, enable_auto_commit=False)
    try:
        partitions = [
            TopicPartition(topic, partition)
            for topic in topics
            for partition in consumer.partitions_for_topic(topic) or ()
        ]
        least, moved_at = -1, time.monotonic()
        while True:
            ends = consumer.end_offsets(partitions)
            lag = sum(ends[tp] - (consumer.committed(tp) or 0) for tp in partitions)
            report(lag)
            if lag == 0:
                return
            if not is_alive():
                raise NotDrained(f"the processor ended with {lag} messages to go")
            if lag != least:
                least, moved_at = lag, time.monotonic()
            elif time.monotonic() - moved_at > patience_s:
                raise NotDrained(f"the processor stands still with {lag} messages to go")
            time.sleep(_LOOK_S)
    finally:
        consumer.close()
