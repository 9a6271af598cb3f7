"""The limit for any ingest in Python: fetch, validate, plain COPY. No fold, no dedup, no rest.

What it reads may be lost or written twice; nobody should use it for more than a comparison.
"""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime

import psycopg
from aiokafka import AIOKafkaConsumer

from schemas.codec import InvalidEvent, decode
from schemas.events import DeviceStarted, Heartbeat
from schemas.topics import SOURCES

MOST_EVENTS = 10_000

_TABLE = """
CREATE TABLE IF NOT EXISTS plain_event (
    event_id uuid, visit_id uuid, type text, site text, source text, occurred_at timestamptz,
    received_at timestamptz, body text
)
"""
_TYPES = ("uuid", "uuid", "text", "text", "text", "timestamptz", "timestamptz", "text")


async def copy_all(kafka: str, database: str, prefix: str, group: str) -> None:
    """Copy messages into a table of this database's owner until it is stopped."""
    consumer = AIOKafkaConsumer(
        *(prefix + topic.name for topic in SOURCES),
        bootstrap_servers=kafka,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=2 * 1024 * 1024,
    )
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        await connection.execute(_TABLE)
        await consumer.start()
        while True:
            fetched = await consumer.getmany(timeout_ms=250, max_records=MOST_EVENTS)
            records = [record for records in fetched.values() for record in records]
            if not records:
                continue
            cursor = connection.cursor()
            async with cursor.copy("COPY plain_event FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(_TYPES)
                for record in records:
                    event = decode(record.value)
                    if isinstance(event, InvalidEvent):
                        continue
                    await copy.write_row(
                        (
                            event.event_id,
                            None
                            if isinstance(event, Heartbeat | DeviceStarted)
                            else event.visit_id,
                            event.type,
                            event.site,
                            event.source,
                            event.occurred_at,
                            datetime.fromtimestamp(record.timestamp / 1000, UTC),
                            record.value.decode(),
                        )
                    )
            await consumer.commit()


if __name__ == "__main__":
    asyncio.run(
        copy_all(
            os.environ["PASSAGE_KAFKA"],
            os.environ["PASSAGE_DATABASE_OWNER"],
            os.environ["PASSAGE_TOPIC_PREFIX"],
            os.environ["PASSAGE_GROUP"],
        )
    )
