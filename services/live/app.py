"""The Faust application: one agent on the topic `footfall`, its table, and web pages.

Each instance has the whole picture: a consumer group of its own, and no offset from an earlier
life, so that it reads the topic from its beginning. Nothing is kept on disk and no topic is made.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Any
from uuid import uuid4

import faust
from aiokafka.errors import KafkaError
from faust.types import TP, AppT
from mode import Service

from schemas.topics import FOOTFALL
from services.live.board import Board
from services.live.metrics import LiveMetrics
from services.live.pages import Pages
from services.live.settings import LiveSettings
from services.runtime.kafka import Brokers
from services.runtime.logs import told

log = logging.getLogger(__name__)

FORGET_EVERY_S = 600.0
ASK_BROKER_EVERY_S = 5.0


class Application(faust.App):
    """A Faust application without a folder of its own."""

    async def on_first_start(self) -> None:
        """Make no data folder, as Faust would: the topic is all that is needed to start again."""


class Rebuild(Service):
    """Tells the board when it has read all that was on the topic, and whether more can come."""

    def __init__(self, app: AppT, board: Board, tp: TP, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._app = app
        self._board = board
        self._tp = tp

    @Service.task
    async def _watch(self) -> None:
        while not self.should_stop and self._tp not in self._app.consumer.assignment():
            await self.sleep(0.1)
        earliest = (await self._app.consumer.earliest_offsets(self._tp))[self._tp] or 0
        end = (await self._app.consumer.highwaters(self._tp))[self._tp] or 0
        while not self.should_stop and earliest < end and self._board.next_offset < end:
            await self.sleep(0.1)
        self._board.is_complete = True
        while not self.should_stop:
            await self.sleep(FORGET_EVERY_S)
            self._board.forget()

    @Service.task
    async def _ask_broker(self) -> None:
        """To the consumer, a broker that is away looks like a quiet hall."""
        while not self.should_stop:
            await self.sleep(ASK_BROKER_EVERY_S)
            if not self._board.is_complete:
                continue
            try:
                await asyncio.wait_for(self._app.consumer.highwaters(self._tp), ASK_BROKER_EVERY_S)
                self._board.broker_answers = True
            except (KafkaError, TimeoutError) as error:
                if self._board.broker_answers:
                    log.warning("the broker does not answer", extra={"error": told(error)})
                self._board.broker_answers = False


def _credentials(brokers: Brokers) -> faust.SASLCredentials | faust.SSLCredentials | None:
    """What Faust logs in with. Raises InvalidSetting."""
    context = brokers.ssl_context() if brokers.is_encrypted else None
    if brokers.is_login:
        return faust.SASLCredentials(
            username=brokers.username,
            password=brokers.secret(),
            mechanism=brokers.mechanism,
            ssl_context=context,
        )
    return None if context is None else faust.SSLCredentials(context)


def create_app(settings: LiveSettings) -> AppT:
    """Build the application; nothing connects before it is started."""
    app = Application(
        f"{settings.topic_prefix}passage-live-{uuid4().hex}",
        broker=[f"kafka://{address.strip()}" for address in settings.kafka.split(",")],
        autodiscover=False,
        store="memory://",
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_bind=settings.live_host,
        web_port=settings.live_port,
        stream_wait_empty=False,
        broker_credentials=_credentials(settings.brokers),
    )
    board = Board(app, timedelta(seconds=settings.live_silent_after_s))
    name = settings.topic_prefix + FOOTFALL.name
    topic = app.topic(name, key_type=bytes, value_type=bytes)
    app.agent(topic, name="keep")(board.keep)
    Pages(app, board, settings.origins, LiveMetrics(board)).add()
    rebuild = Rebuild(app, board, TP(name, 0), loop=app.loop, beacon=app.beacon)
    # Faust takes an instance as well; its annotation only knows classes.
    app.service(rebuild)  # type: ignore[arg-type]
    return app
