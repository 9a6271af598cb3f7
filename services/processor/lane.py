"""The loop from broker to commit, in batches: fetch, record, publish refusals, acknowledge.

Faust acknowledges an event even when its agent failed on it; here an offset is committed to Kafka
only after the transaction that holds its effects, so a batch that was cut short anywhere comes
again, and coming again changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

import psycopg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from mode import Service

from schemas.dead_letters import DeadLetter
from schemas.reasons import Reason
from services.core.decisions import RegistryIndex, Rejected
from services.processor.batch_size import BatchSize
from services.processor.fetching import Batch, Fetching
from services.processor.messages import Message, dead_letter
from services.processor.metrics import ProcessorMetrics
from services.processor.recording import Recorded, Recorder
from services.processor.retrying import until_done
from services.processor.settings import ProcessorSettings
from services.processor.store import Store
from services.runtime.traces import Traces

log = logging.getLogger(__name__)

MOST_FAILURES_IN_A_ROW = 50
"""So many events failing one after another are no poison: the worker itself is broken."""


SILENT_AFTER_S = 15.0
"""A batch that takes longer means that the database is away: one that hangs refuses nothing."""

T = TypeVar("T")


class BrokenWorker(Exception):
    """Event after event fails to process: a defect, or a database that does not fit the program."""


class Lane:
    """One connection to the database, and one transaction at a time, for some of the partitions."""

    def __init__(
        self,
        service: Service,
        settings: ProcessorSettings,
        fetching: Fetching,
        producer: AIOKafkaProducer,
        recorder: Recorder,
        metrics: ProcessorMetrics,
        traces: Traces,
        *,
        now: Callable[[], datetime],
        recorded: Callable[[], None],
    ) -> None:
        self._answers = False
        self._answered_at_s = 0.0
        self._service = service
        self._now_s = service.loop.time
        self._settings = settings
        self._fetching = fetching
        self._producer = producer
        self._now = now
        self._recorded = recorded
        self._recorder = recorder
        self._metrics = metrics
        self._traces = traces
        self._batch_size = BatchSize(settings.batch_events)
        self._store: Store | None = None
        self._revision: int | None = None
        self._registry: RegistryIndex | None = None
        self._failures = 0

    @property
    def ready(self) -> bool:
        """True while broker and database answer."""
        return self._answers and self._now_s() - self._answered_at_s < SILENT_AFTER_S

    async def run(self) -> None:
        """Take batch after batch until the service stops. Raises BrokenWorker."""
        try:
            while not self._service.should_stop:
                batch = await self._fetching.next(self._batch_size.events)
                if batch.items:
                    await self._take(batch)
                else:
                    await self._rest()
        finally:
            self._answers = False
            await self._disconnect()

    async def _take(self, batch: Batch) -> None:
        await self._refresh_registry()
        self._answers = True
        began_s = self._now_s()
        with self._traces.batch(batch.carried, len(batch.items)):
            recorded = await self._record(batch.items)
        took_s = self._now_s() - began_s
        self._batch_size.learn(
            events=len(batch.items),
            size_bytes=sum(len(message.value or b"") for message in batch.items),
            took_s=recorded.transaction_s,
        )
        self._recorded()
        self._metrics.recorded(batch.items, recorded, took_s=took_s, at=self._now())
        await self._publish(recorded.dead_letters)
        await self._fetching.acknowledge(batch.offsets)
        log.info(
            "batch recorded",
            extra={
                "messages": len(batch.items),
                "events": recorded.events,
                "duplicates": recorded.duplicates,
                "device_events": recorded.device_events,
                "dead_letters": len(recorded.dead_letters),
            },
        )

    async def _rest(self) -> None:
        await self._refresh_registry()
        answers = await self._fetching.broker_answers()
        if answers is not None or not self._fetching.partitions():
            self._answers = answers is not False

    async def _record(self, items: Sequence[Message]) -> Recorded:
        """Record a batch however long the database is away; take out a poisonous event alone."""
        try:
            recorded = await self._until_done(
                "record a batch",
                lambda: self._record_once(items),
                psycopg.Error,
                but=(psycopg.DataError, psycopg.IntegrityError),
            )
        except Exception as error:
            if len(items) == 1:
                return await self._give_up(items[0], error)
            middle = len(items) // 2
            first = await self._record(items[:middle])
            return first + await self._record(items[middle:])
        self._failures = 0
        return recorded

    async def _give_up(self, message: Message, error: Exception) -> Recorded:
        self._failures += 1
        log.exception(
            "event cannot be processed",
            exc_info=error,
            extra={
                "topic": message.topic,
                "partition": message.partition,
                "offset": message.offset,
            },
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

    async def _record_once(self, items: Sequence[Message]) -> Recorded:
        store = await self._connected_store()
        if self._registry is None:
            raise psycopg.OperationalError("no registry is loaded")
        with self._traces.span("database transaction", messages=len(items)):
            return await self._recorder.record(
                items, store=store, registry=self._registry, now=self._now()
            )

    async def _refresh_registry(self) -> None:
        """Take up a registry that was loaded since; wait for the first one."""

        async def read() -> None:
            store = await self._connected_store()
            newest = await store.read_registry(self._revision)
            if newest is not None:
                self._revision, self._registry = newest[0], RegistryIndex(newest[1])
                self._metrics.registry_revision.set(self._revision)
                log.info("registry taken up", extra={"revision": self._revision})
            if self._registry is None:
                raise psycopg.OperationalError(
                    "no registry is loaded yet: run `passage provision registry`"
                )

        await self._until_done("read the registry", read, psycopg.Error)
        self._answered_at_s = self._now_s()

    async def _until_done(
        self,
        what: str,
        action: Callable[[], Awaitable[T]],
        *passing: type[Exception],
        but: tuple[type[Exception], ...] = (),
    ) -> T:
        return await until_done(
            self._service,
            what,
            action,
            *passing,
            failed=self._fail,
            retried=self._metrics.retried,
            but=but,
        )

    async def _connected_store(self) -> Store:
        if self._store is None:
            self._store = await Store.connect(self._settings.database_writer)
        return self._store

    async def _fail(self) -> None:
        self._answers = False
        # What comes back may be a server that has lost what this one had.
        self._recorder.forget()
        await self._disconnect()

    async def _disconnect(self) -> None:
        if self._store is not None:
            store, self._store = self._store, None
            await store.close()

    async def _publish(self, letters: Sequence[DeadLetter]) -> None:
        async def send_all() -> None:
            sends = [
                await self._producer.send(
                    f"{letter.topic}.dead-letter",
                    key=f"{letter.topic}/{letter.partition}/{letter.offset}".encode(),
                    value=letter.model_dump_json(exclude_none=True).encode(),
                )
                for letter in letters
            ]
            await asyncio.gather(*sends)

        if letters:
            await self._until_done("publish dead letters", send_all, KafkaError)
