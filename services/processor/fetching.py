"""Fetching from the broker: evenly from a lane's partitions.

Evenly, because partitions that are read one after another bring the same hours again and again:
the same buckets would be written, and published, once for each partition.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.processor.messages import Message, arrival
from services.runtime.traces import OFF, Traces

log = logging.getLogger(__name__)

FETCH_WAIT_MS = 250
ASK_BROKER_EVERY_S = 5.0


class Batch(NamedTuple):
    """Messages, and the offsets to acknowledge once they are recorded."""

    items: list[Message]
    offsets: dict[TopicPartition, int]
    carried: list[bytes]
    """Contexts of the traces that events came with."""


class Fetching:
    """What one of `lanes` lanes reads: each partition belongs to the same lane for ever."""

    def __init__(
        self, consumer: AIOKafkaConsumer, lane: int, lanes: int, traces: Traces = OFF
    ) -> None:
        self._consumer = consumer
        self._traces = traces
        self._lane = lane
        self._lanes = lanes
        self._ask_broker_at_s = 0.0

    async def next(self, most_events: int) -> Batch:
        """The next messages, whatever there is up to about `most_events`; none in a quiet hall."""
        partitions = self.partitions()
        share = max(1, most_events // max(1, len(partitions)))
        # Without a partition too: a refusal of the broker is told to whoever fetches.
        fetched = await self._consumer.getmany(
            *(partitions or self._not_assigned()), timeout_ms=FETCH_WAIT_MS, max_records=share
        )
        for partition in partitions if fetched else ():
            if partition not in fetched:
                fetched |= await self._consumer.getmany(partition, max_records=share)
        records = [record for of_one in fetched.values() for record in of_one]
        carried = self._traces.carried(one.headers for one in records if one.headers)
        return Batch(
            [_message(record) for record in records],
            {tp: of_one[-1].offset + 1 for tp, of_one in fetched.items()},
            carried,
        )

    def partitions(self) -> list[TopicPartition]:
        """The lane's share of what the worker is assigned."""
        assigned = self._consumer.assignment()
        return sorted(tp for tp in assigned if tp.partition % self._lanes == self._lane)

    def _not_assigned(self) -> list[TopicPartition]:
        return [TopicPartition(topic, self._lane) for topic in self._consumer.subscription()]

    async def broker_answers(self) -> bool | None:
        """Ask the broker now and then: to the consumer, its absence looks like a quiet hall.

        None when it was not asked. To be called when all that was fetched is recorded.
        """
        now_s = asyncio.get_running_loop().time()
        partitions = self.partitions()
        if now_s < self._ask_broker_at_s or not partitions:
            return None
        self._ask_broker_at_s = now_s + ASK_BROKER_EVERY_S
        try:
            await asyncio.wait_for(self._consumer.end_offsets(partitions[:1]), ASK_BROKER_EVERY_S)
        except (KafkaError, TimeoutError) as error:
            log.warning("the broker does not answer", extra={"error": type(error).__name__})
            return False
        # An acknowledgement that failed, or that a worker back from the dead has set back, would
        # otherwise show as a lag until the next event.
        await self._acknowledge_all(partitions)
        return True

    async def acknowledge(self, offsets: dict[TopicPartition, int]) -> None:
        """Commit the offsets to Kafka."""
        try:
            await self._consumer.commit(offsets)
        except KafkaError as error:
            # Partitions moved on, or the broker is away: the batch may come again, to no effect.
            log.warning("offsets not acknowledged", extra={"error": type(error).__name__})

    async def _acknowledge_all(self, partitions: list[TopicPartition]) -> None:
        try:
            positions = {tp: await self._consumer.position(tp) for tp in partitions}
        except KafkaError:  # moved to another worker just now
            return
        await self.acknowledge(positions)


def _message(record: Any) -> Message:
    appended_at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    if not record.headers:
        return Message(
            record.topic, record.partition, record.offset, appended_at, record.value, False
        )
    received_at, is_replay = arrival(appended_at, record.headers)
    return Message(
        record.topic, record.partition, record.offset, received_at, record.value, is_replay
    )
