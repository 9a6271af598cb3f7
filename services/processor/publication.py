"""Publishes on the topic `footfall` what the batches of all workers have changed.

The database is the outbox: a batch commits the keys that it changed in table `changed`, and one
worker at a time takes them out, sends the rows as they are by then, and commits once the broker has
them. Killed anywhere, it has published nothing, or publishes the same again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from enum import Enum, auto
from typing import Any

import psycopg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from mode import Service

from schemas import footfall
from schemas.footfall import FootfallMessage
from schemas.queries import load_queries
from schemas.topics import FOOTFALL
from services.processor.changed import Changed, present
from services.processor.ending import end
from services.processor.metrics import ProcessorMetrics
from services.processor.settings import ProcessorSettings
from services.runtime.handshake import CannotLogIn, start
from services.runtime.logs import told
from services.runtime.traces import OFF, Traces

log = logging.getLogger(__name__)

LOCK = 7_294_362
"""Advisory lock of the one worker that publishes."""
MOST_CHANGES = 5_000
"""Taken in one round, so that a long backlog needs little memory."""
POLL_S = 0.5
"""How soon a change is seen that nobody woke this worker for."""
BUSY_S = 0.1
REST_FOR_WORK = 9.0
"""So many times as long as a round took is waited before the next; that is nothing when quiet."""
MOST_REST_S = 1.0
PROGRESS_EVERY_S = 2.0
ANNOUNCE_EVERY_S = 12 * 3600.0
"""Well within the topic's retention."""
ANNOUNCE_AT_START_S = 60.0
"""A worker that starts announces all, unless another has done so just now."""
LONGEST_PAUSE_S = 5.0
STOP_WAITS_S = 3.0

_SQL = load_queries("services.processor", "publication.sql")


class MissingTopic(Exception):
    """There is nothing to publish on; the message says what to do."""


class Round(Enum):
    """What one round came to."""

    BUSY = auto()
    """Another worker publishes just now."""
    MORE = auto()
    DRAINED = auto()


class Publication(Service):
    """Publishes changes, whatever fails; never in the way of ingest."""

    def __init__(
        self,
        settings: ProcessorSettings,
        metrics: ProcessorMetrics | None = None,
        traces: Traces = OFF,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._settings = settings
        self._metrics = metrics or ProcessorMetrics()
        self._traces = traces
        self._topic = settings.topic_prefix + FOOTFALL.name
        self._woken = asyncio.Event()
        self._ended = asyncio.Event()
        self._announce_after_s = ANNOUNCE_AT_START_S
        # Sent by a round that did not end: another worker may have sent newer ones meanwhile.
        self._in_doubt: set[Changed] = set()
        self._pause_s = 0.1

    def wake(self) -> None:
        """Say that there is something to publish."""
        self._woken.set()

    async def on_stop(self) -> None:
        """Let the round at hand come to its end, and the connections be closed."""
        self.wake()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), STOP_WAITS_S)

    @Service.task
    async def _publish(self) -> None:
        try:
            await self._until_stopped()
        finally:
            self._ended.set()

    async def _until_stopped(self) -> None:
        while not self.should_stop:
            try:
                await self._while_connected()
            except Exception as error:
                # Whatever it is, counting goes on; the changes wait in the database.
                is_expected = isinstance(
                    error, psycopg.Error | KafkaError | CannotLogIn | MissingTopic | OSError
                )
                log.log(
                    logging.ERROR if isinstance(error, MissingTopic) else logging.WARNING,
                    "changes not published",
                    exc_info=None if is_expected else error,
                    extra={"error": told(error)},
                )
                self._metrics.publication_failed()
                await self.sleep(self._pause_s)
                self._pause_s = min(LONGEST_PAUSE_S, self._pause_s * 2)

    async def _while_connected(self) -> None:
        brokers = self._settings.brokers
        producer = AIOKafkaProducer(
            **brokers.arguments(),
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=10_000,
        )
        try:
            await start(producer, brokers)
            await self._require_topic(producer)
            connection = await _connect(self._settings.database_writer)
            try:
                await self._announce_again(connection)
                await self._rounds(connection, producer)
            finally:
                await connection.close()
        finally:
            await end(producer)

    async def _rounds(
        self, connection: psycopg.AsyncConnection[Any], producer: AIOKafkaProducer
    ) -> None:
        while not self.should_stop:
            self._woken.clear()
            began_s = self.loop.time()
            outcome = await self._round(connection, producer)
            took_s = self.loop.time() - began_s
            self._pause_s = 0.1
            # Under load a key changes with every batch: let changes gather, and ingest go first.
            await self.sleep(min(MOST_REST_S, REST_FOR_WORK * took_s))
            if outcome is Round.BUSY:
                await self.sleep(BUSY_S)
            elif outcome is Round.DRAINED:
                await self._until_woken()

    async def _require_topic(self, producer: AIOKafkaProducer) -> None:
        # By listing them all: asking for a missing one makes it, where the broker allows that.
        cluster = await producer.client.fetch_all_metadata()
        if self._topic not in cluster.topics():
            raise MissingTopic(
                f"topic {self._topic} does not exist: run `passage provision topics`"
            )

    async def _until_woken(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), POLL_S)

    async def _round(
        self, connection: psycopg.AsyncConnection[Any], producer: AIOKafkaProducer
    ) -> Round:
        async with connection.transaction():
            cursor = await connection.execute(_SQL["become_publisher"], {"lock": LOCK})
            is_publisher, as_of = await _one(cursor)
            if not is_publisher:
                return Round.BUSY
            await self._announce_all_if_due(connection)
            cursor = await connection.execute(_SQL["take_changed"], {"most": MOST_CHANGES})
            rows = await cursor.fetchall()
            keys = [Changed(*row[1:]) for row in rows]
            outcome = Round.MORE if rows and rows[0][0] == MOST_CHANGES else Round.DRAINED
            messages = await present(connection, keys, as_of)
            if outcome is Round.DRAINED and await self._is_progress_due(connection, as_of):
                messages.append(footfall.Progress(version=1, type="progress", as_of=as_of))
            self._in_doubt.update(keys)
            await self._send(producer, messages)
        self._in_doubt.clear()
        return outcome

    async def _announce_all_if_due(self, connection: psycopg.AsyncConnection[Any]) -> None:
        cursor = await connection.execute(
            _SQL["is_announcement_due"], {"after_s": self._announce_after_s}
        )
        if cursor.rowcount:
            await connection.execute(_SQL["announce_all"])
        self._announce_after_s = ANNOUNCE_EVERY_S

    async def _is_progress_due(
        self, connection: psycopg.AsyncConnection[Any], as_of: datetime
    ) -> bool:
        cursor = await connection.execute(
            _SQL["is_progress_due"], {"as_of": as_of, "after_s": PROGRESS_EVERY_S}
        )
        return cursor.rowcount > 0

    async def _send(self, producer: AIOKafkaProducer, messages: Sequence[FootfallMessage]) -> None:
        if not messages:
            return
        with self._traces.span("publish", messages=len(messages)):
            sends = [
                await producer.send(self._topic, key=m.key.encode(), value=footfall.write(m))
                for m in messages
            ]
            await asyncio.gather(*sends)
        self._metrics.published(len(messages))

    async def _announce_again(self, connection: psycopg.AsyncConnection[Any]) -> None:
        if self._in_doubt:
            async with connection.cursor() as cursor:
                await cursor.executemany(
                    _SQL["note_again"], [key._asdict() for key in self._in_doubt]
                )
            self._in_doubt.clear()


async def _connect(url: str) -> psycopg.AsyncConnection[Any]:
    return await psycopg.AsyncConnection.connect(
        url,
        autocommit=True,
        application_name="passage-publication",
        connect_timeout=5,
        keepalives_idle=5,
        keepalives_interval=2,
        keepalives_count=3,
        tcp_user_timeout=15_000,
        # A worker that is frozen here, or whose host vanishes, must not keep the others from it.
        options="-c timezone=UTC -c lock_timeout=5s -c idle_in_transaction_session_timeout=10s"
        " -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3",
    )


async def _one(cursor: psycopg.AsyncCursor[Any]) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = await cursor.fetchone()
    assert row is not None
    return row
