"""The Faust application: one agent on the topic `footfall`, its table, and web pages.

Each instance has the whole picture: a consumer group of its own, and no offset from an earlier
life, so that it reads the topic from its beginning. Nothing is kept on disk and no topic is made.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import faust
from faust.types import TP, AppT
from mode import Service

from schemas.topics import FOOTFALL
from services.live.board import Board
from services.live.pages import Pages
from services.live.settings import LiveSettings

FORGET_EVERY_S = 600.0


class Application(faust.App):
    """A Faust application without a folder of its own."""

    async def on_first_start(self) -> None:
        """Make no data folder, as Faust would: the topic is all that is needed to start again."""


class Rebuild(Service):
    """Tells the board when it has read all that was on the topic; tidies it now and then."""

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
    )
    board = Board(app, timedelta(seconds=settings.live_silent_after_s))
    name = settings.topic_prefix + FOOTFALL.name
    topic = app.topic(name, key_type=bytes, value_type=bytes)
    app.agent(topic, name="keep")(board.keep)
    Pages(app, board, settings.origins).add()
    rebuild = Rebuild(app, board, TP(name, 0), loop=app.loop, beacon=app.beacon)
    # Faust takes an instance as well; its annotation only knows classes.
    app.service(rebuild)  # type: ignore[arg-type]
    return app
