"""Keeps in the database how far this worker is behind its partitions, for the boards."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import psycopg
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from mode import Service

from schemas.queries import load_queries
from services.processor.metrics import ProcessorMetrics
from services.processor.settings import ProcessorSettings
from services.runtime.logs import told

log = logging.getLogger(__name__)

EVERY_S = 10.0
ANSWER_WITHIN_S = 5.0

_SQL = load_queries("services.processor", "lag.sql")


class LagWatch(Service):
    """Asks the broker every ten seconds; whatever fails is never in the way of ingest."""

    def __init__(
        self,
        settings: ProcessorSettings,
        consumer: Callable[[], AIOKafkaConsumer | None],
        metrics: ProcessorMetrics,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._settings = settings
        self._consumer = consumer
        self._metrics = metrics

    @Service.task
    async def _watch(self) -> None:
        while not self.should_stop:
            try:
                rows = await self._measured()
                await asyncio.wait_for(self._record(rows), ANSWER_WITHIN_S)
            except (psycopg.Error, KafkaError, OSError, TimeoutError) as error:
                # The row's age tells on the boards that nobody knows the lag.
                log.warning("lag not recorded", extra={"error": told(error)})
            await self.sleep(EVERY_S)

    async def _measured(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        try:
            rows = await asyncio.wait_for(self._ask_broker(), ANSWER_WITHIN_S)
        finally:
            self._metrics.lagging(
                {
                    (row["topic"], row["partition"]): max(0, row["end"] - row["acknowledged"])
                    for row in rows
                }
            )
        return rows

    async def _ask_broker(self) -> list[dict[str, Any]]:
        consumer = self._consumer()
        assigned = consumer.assignment() if consumer is not None else None
        if consumer is None or not assigned:
            return []
        ends = await consumer.end_offsets(assigned)
        begins = await consumer.beginning_offsets(assigned)
        return [
            {
                "topic": partition.topic.removeprefix(self._settings.topic_prefix),
                "partition": partition.partition,
                "acknowledged": await consumer.committed(partition) or begins[partition],
                "end": ends[partition],
            }
            for partition in sorted(assigned)
        ]

    async def _record(self, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        connection = await psycopg.AsyncConnection.connect(
            self._settings.database_writer, application_name="passage-lag", connect_timeout=5
        )
        async with connection, connection.cursor() as cursor:
            await cursor.executemany(_SQL["record_lag"], rows)
