"""The service that owns the consumer of the events, and the lanes that record them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError
from mode import Service

from schemas.topics import SOURCES
from services.processor.ending import end
from services.processor.fetching import Fetching
from services.processor.lane import Lane
from services.processor.metrics import ProcessorMetrics
from services.processor.recording import Recorder
from services.processor.retrying import until_done
from services.processor.settings import ProcessorSettings
from services.runtime.handshake import CannotLogIn, start
from services.runtime.traces import OFF, Traces

LANES = 2
"""While one waits for the database, the other fetches, validates and folds."""
SESSION_TIMEOUT_MS = 6_000
"""How long a killed worker keeps its partitions; short, since a restart must be quick."""


class Ingest(Service):
    """Consumes visit events and heartbeats, and records them exactly once."""

    def __init__(
        self,
        settings: ProcessorSettings,
        metrics: ProcessorMetrics,
        traces: Traces = OFF,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        recorded: Callable[[], None] = lambda: None,
        **kwargs: Any,
    ) -> None:
        """`recorded` is called after each batch that was committed."""
        super().__init__(**kwargs)
        self.settings = settings
        self.consumer: AIOKafkaConsumer | None = None
        """Once it is connected; for questions about its partitions."""
        self._metrics = metrics
        self._traces = traces
        self._now = now
        self._recorded = recorded
        self._lanes: list[Lane] = []

    @property
    def ready(self) -> bool:
        """True while broker and database answer."""
        return bool(self._lanes) and all(lane.ready for lane in self._lanes)

    @Service.task
    async def _ingest(self) -> None:
        consumer, producer = await self._connect_broker()
        self.consumer = consumer
        # One for all: what a lane has learnt of the devices' clocks, the others need not lock.
        recorder = Recorder()
        self._lanes = [
            Lane(
                self,
                self.settings,
                Fetching(consumer, number, LANES, self._traces),
                producer,
                recorder,
                self._metrics,
                self._traces,
                now=self._now,
                recorded=self._recorded,
            )
            for number in range(LANES)
        ]
        running = [asyncio.create_task(lane.run()) for lane in self._lanes]
        try:
            await asyncio.gather(*running)
        finally:
            self.consumer = None
            for one in running:
                one.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await end(consumer)
            await end(producer)

    async def _connect_broker(self) -> tuple[AIOKafkaConsumer, AIOKafkaProducer]:
        prefix = self.settings.topic_prefix
        brokers = self.settings.brokers
        arguments = brokers.arguments()
        consumer = AIOKafkaConsumer(
            *(prefix + topic.name for topic in SOURCES),
            **arguments,
            group_id=self.settings.group,
            group_instance_id=self.settings.worker,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=SESSION_TIMEOUT_MS,
            heartbeat_interval_ms=SESSION_TIMEOUT_MS // 3,
            max_partition_fetch_bytes=512 * 1024,
        )
        producer = AIOKafkaProducer(**arguments, acks="all", enable_idempotence=True)

        async def nothing() -> None:
            """No connection to close: there is none yet."""

        for client in (consumer, producer):
            await until_done(
                self,
                "connect to the broker",
                partial(start, client, brokers),
                CannotLogIn,
                KafkaError,
                OSError,
                failed=nothing,
                retried=self._metrics.retried,
            )
        return consumer, producer
