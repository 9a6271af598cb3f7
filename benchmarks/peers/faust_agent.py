"""Faust as its guide begins: an agent takes event by event and upserts what it counts.

Not guaranteed: Faust acknowledges every few seconds and has no part in the database's
transactions, so that a killed worker counts again what it had counted since; and it acknowledges
what an agent raised on. No event is stored, none is told from its repetition.
"""

from __future__ import annotations

from collections.abc import AsyncIterable

import faust
import psycopg

from benchmarks.peers.job import SQL, Place, passage_of
from schemas.codec import decode


def create_app(place: Place) -> faust.App:
    """One agent for each topic."""
    app = faust.App(
        place.group,
        broker=f"kafka://{place.kafka}",
        datadir=place.state,
        topic_disable_leader=True,
        web_enabled=False,
        value_serializer="raw",
    )
    connections: list[psycopg.AsyncConnection] = []

    async def connect() -> None:
        connections.append(await psycopg.AsyncConnection.connect(place.database, autocommit=True))

    async def count(stream: AsyncIterable[bytes]) -> None:
        async for value in stream:
            passage = passage_of(decode(value))
            if passage is not None:
                await connections[0].execute(SQL["count_passage"], passage)

    async def watch(stream: AsyncIterable[bytes]) -> None:
        async for value in stream:
            decode(value)

    app.task(connect)
    app.agent(app.topic(place.visit_events, value_type=bytes))(count)
    app.agent(app.topic(place.heartbeats, value_type=bytes))(watch)
    return app


if __name__ == "__main__":
    app = create_app(Place.from_environ())
    faust.Worker(app, loglevel="WARNING", quiet=True).execute_from_commandline()
