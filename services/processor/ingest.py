"""The loop from broker to commit, in batches: fetch, record, publish refusals, acknowledge.

It owns its consumer. Faust acknowledges an event even when its agent failed on it; here an offset
is committed to Kafka only after the transaction that holds its effects, so a batch that was cut
short anywhere comes again, and coming again changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import psycopg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from mode import Service

from schemas.dead_letters import DeadLetter
from schemas.reasons import Reason
from schemas.topics import SOURCES
from services.core.decisions import RegistryIndex, Rejected
from services.processor.messages import Message, arrival, dead_letter
from services.processor.recording import Recorded, Recorder
from services.processor.settings import ProcessorSettings
from services.processor.store import ConcurrentChange, Store

log = logging.getLogger(__name__)

FETCH_WAIT_MS = 250
SESSION_TIMEOUT_MS = 6_000
"""How long a killed worker keeps its partitions; short, since a restart must be quick."""
LONGEST_PAUSE_S = 5.0
ASK_BROKER_EVERY_S = 5.0
MOST_FAILURES_IN_A_ROW = 50
"""So many events failing one after another are no poison: the worker itself is broken."""

T = TypeVar("T")


class BrokenWorker(Exception):
    """Event after event fails to process: a defect, or a database that does not fit the program."""


class Ingest(Service):
    """Consumes visit events and heartbeats, and records them exactly once."""

    def __init__(
        self,
        settings: ProcessorSettings,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        recorded: Callable[[], None] = lambda: None,
        **kwargs: Any,
    ) -> None:
        """`recorded` is called after each batch that was committed."""
        super().__init__(**kwargs)
        self.settings = settings
        self.ready = False
        """True while broker and database answer."""
        self.consumer: AIOKafkaConsumer | None = None
        """Once it is connected; for questions about its partitions."""
        self._now = now
        self._recorded = recorded
        self._recorder = Recorder()
        self._store: Store | None = None
        self._revision: int | None = None
        self._registry: RegistryIndex | None = None
        self._failures = 0
        self._ask_broker_at_s = 0.0

    @Service.task
    async def _ingest(self) -> None:
        consumer, producer = await self._connect_broker()
        self.consumer = consumer
        try:
            async for messages, offsets in self._batches(consumer):
                recorded = await self._record(messages)
                self._recorded()
                await self._publish(producer, recorded.dead_letters)
                await self._acknowledge(consumer, offsets)
                self._tell(recorded, len(messages))
        finally:
            self.ready = False
            self.consumer = None
            await producer.stop()
            await consumer.stop()
            await self._disconnect()

    async def _connect_broker(self) -> tuple[AIOKafkaConsumer, AIOKafkaProducer]:
        prefix = self.settings.topic_prefix
        consumer = AIOKafkaConsumer(
            *(prefix + topic.name for topic in SOURCES),
            bootstrap_servers=self.settings.kafka,
            group_id=self.settings.group,
            group_instance_id=self.settings.worker,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=SESSION_TIMEOUT_MS,
            heartbeat_interval_ms=SESSION_TIMEOUT_MS // 3,
            max_partition_fetch_bytes=2 * 1024 * 1024,
        )
        producer = AIOKafkaProducer(
            bootstrap_servers=self.settings.kafka, acks="all", enable_idempotence=True
        )
        for client in (consumer, producer):
            await self._until_done("connect to the broker", client.start, KafkaError, OSError)
        return consumer, producer

    async def _batches(
        self, consumer: AIOKafkaConsumer
    ) -> AsyncIterator[tuple[list[Message], dict[TopicPartition, int]]]:
        while not self.should_stop:
            fetched = await consumer.getmany(
                timeout_ms=FETCH_WAIT_MS, max_records=self.settings.batch_events
            )
            if not fetched:
                await self._refresh_registry()
                self.ready = await self._broker_answers(consumer)
                continue
            self.ready = self._registry is not None
            messages = [_message(record) for records in fetched.values() for record in records]
            yield messages, {tp: records[-1].offset + 1 for tp, records in fetched.items()}

    async def _broker_answers(self, consumer: AIOKafkaConsumer) -> bool:
        """Ask the broker now and then: to the consumer, its absence looks like a quiet hall."""
        now_s = asyncio.get_running_loop().time()
        assigned = consumer.assignment()
        if now_s < self._ask_broker_at_s or not assigned:
            return self.ready or not assigned
        self._ask_broker_at_s = now_s + ASK_BROKER_EVERY_S
        try:
            await asyncio.wait_for(consumer.end_offsets([next(iter(assigned))]), ASK_BROKER_EVERY_S)
        except (KafkaError, TimeoutError) as error:
            log.warning("the broker does not answer", extra={"error": type(error).__name__})
            return False
        # All that was fetched is recorded. An acknowledgement that failed, or that a worker back
        # from the dead has set back, would otherwise show as a lag until the next event.
        await self._acknowledge(consumer)
        return True

    async def _record(self, messages: Sequence[Message]) -> Recorded:
        """Record a batch however long the database is away; take out a poisonous event alone."""
        await self._refresh_registry()
        try:
            recorded = await self._until_done(
                "record a batch",
                lambda: self._record_once(messages),
                psycopg.Error,
                ConcurrentChange,
                but=(psycopg.DataError, psycopg.IntegrityError),
            )
        except Exception as error:
            if len(messages) == 1:
                return await self._give_up(messages[0], error)
            middle = len(messages) // 2
            first = await self._record(messages[:middle])
            return first + await self._record(messages[middle:])
        self._failures = 0
        return recorded

    async def _give_up(self, message: Message, error: Exception) -> Recorded:
        self._failures += 1
        log.exception(
            "event cannot be processed",
            exc_info=error,
            extra={"topic": message.topic, "partition": message.partition, "at": message.offset},
        )
        if self._failures > MOST_FAILURES_IN_A_ROW:
            raise BrokenWorker(f"{self._failures} events failed in a row") from error
        refusal = Rejected(Reason.UNPROCESSABLE, detail=type(error).__name__)
        letter = dead_letter(message, refusal)

        async def keep() -> None:
            store = await self._connected_store()
            async with store.transaction() as transaction:
                await transaction.add_dead_letters([letter])

        await self._until_done("keep a dead letter", keep, psycopg.Error)
        return Recorded(dead_letters=[letter])

    async def _record_once(self, messages: Sequence[Message]) -> Recorded:
        store = await self._connected_store()
        if self._registry is None:
            raise psycopg.OperationalError("no registry is loaded")
        return await self._recorder.record(
            messages, store=store, registry=self._registry, now=self._now()
        )

    async def _refresh_registry(self) -> None:
        """Take up a registry that was loaded since; wait for the first one."""

        async def read() -> None:
            store = await self._connected_store()
            newest = await store.read_registry(self._revision)
            if newest is not None:
                self._revision, self._registry = newest[0], RegistryIndex(newest[1])
                log.info("registry taken up", extra={"revision": self._revision})
            if self._registry is None:
                raise psycopg.OperationalError(
                    "no registry is loaded yet: run `passage provision registry`"
                )

        await self._until_done("read the registry", read, psycopg.Error)

    async def _connected_store(self) -> Store:
        if self._store is None:
            self._store = await Store.connect(self.settings.database_writer)
        return self._store

    async def _disconnect(self) -> None:
        if self._store is not None:
            store, self._store = self._store, None
            await store.close()

    async def _publish(self, producer: AIOKafkaProducer, letters: Sequence[DeadLetter]) -> None:
        async def send_all() -> None:
            sends = [
                await producer.send(
                    f"{letter.topic}.dead-letter",
                    key=f"{letter.topic}/{letter.partition}/{letter.offset}".encode(),
                    value=letter.model_dump_json(exclude_none=True).encode(),
                )
                for letter in letters
            ]
            await asyncio.gather(*sends)

        if letters:
            await self._until_done("publish dead letters", send_all, KafkaError)

    async def _acknowledge(
        self, consumer: AIOKafkaConsumer, offsets: dict[TopicPartition, int] | None = None
    ) -> None:
        """Commit the offsets, or those of all that was fetched."""
        try:
            await consumer.commit(offsets)
        except KafkaError as error:
            # Partitions moved on, or the broker is away: the batch may come again, to no effect.
            log.warning("offsets not acknowledged", extra={"error": type(error).__name__})

    async def _until_done(
        self,
        what: str,
        action: Callable[[], Awaitable[T]],
        *passing: type[Exception],
        but: tuple[type[Exception], ...] = (),
    ) -> T:
        """Do an action, again and again while it fails in a way that may pass.

        Raises asyncio.CancelledError when the worker is told to stop meanwhile.
        """
        pause_s = 0.1
        while True:
            try:
                return await action()
            except but:
                raise
            except ConcurrentChange:
                log.info("another worker was faster", extra={"action": what})
            except passing as error:
                self.ready = False
                await self._disconnect()
                log.warning(
                    f"cannot {what}",
                    extra={"error": type(error).__name__, "detail": str(error).strip()[:300]},
                )
            if self.should_stop:
                raise asyncio.CancelledError
            await self.sleep(pause_s)
            pause_s = min(LONGEST_PAUSE_S, pause_s * 2)

    def _tell(self, recorded: Recorded, messages: int) -> None:
        log.info(
            "batch recorded",
            extra={
                "messages": messages,
                "events": recorded.events,
                "duplicates": recorded.duplicates,
                "device_events": recorded.device_events,
                "dead_letters": len(recorded.dead_letters),
            },
        )


def _message(record: Any) -> Message:
    appended_at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    received_at, is_replay = arrival(appended_at, record.headers)
    return Message(
        record.topic, record.partition, record.offset, received_at, record.value, is_replay
    )
