"""What changed is published: later if need be, never an older value after a newer one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from schemas import footfall
from schemas.topics import FOOTFALL
from services.processor.publication import Publication
from services.processor.settings import ProcessorSettings
from services.provision import topics as provision_topics
from tests.events import message, ticket
from tests.pipeline import Pipeline

QUARTER = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
DEADLINE_S = 60
KEY = ("creteil-accueil", "dcl", "titres", "kiosk")


class Topic:
    """All that is on the topic of changes."""

    def __init__(self, kafka: str, prefix: str) -> None:
        self._partition = TopicPartition(prefix + FOOTFALL.name, 0)
        self._consumer = KafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False)
        self._consumer.assign([self._partition])

    def close(self) -> None:
        self._consumer.close()

    def messages(self) -> list[Any]:
        """Every message, in order."""
        [end] = self._consumer.end_offsets([self._partition]).values()
        self._consumer.seek_to_beginning(self._partition)
        found: list[Any] = []
        while self._consumer.position(self._partition) < end:
            for records in self._consumer.poll(timeout_ms=500).values():
                for record in records:
                    found.append(footfall.read(record.value))
                    assert record.key.decode() == found[-1].key
        return found

    def passages(self) -> list[int]:
        """The passages of the one bucket, in the order in which they were published."""
        return [m.passages for m in self.messages() if isinstance(m, footfall.Bucket)]


@pytest.fixture
def topic(stack: Any, topics: str) -> Iterator[Topic]:
    reading = Topic(stack.environ()["PASSAGE_KAFKA"], topics)
    yield reading
    reading.close()


@pytest.fixture
def settings(stack: Any, topics: str, database: Any) -> ProcessorSettings:
    return ProcessorSettings(
        kafka=stack.environ()["PASSAGE_KAFKA"],
        database_writer=database.writer,
        topic_prefix=topics,
    )


def count(database: Any, passages: int) -> None:
    """Count as a batch does: a bucket and its announcement in one transaction."""
    with psycopg.connect(database.writer) as writer:
        writer.execute(
            "INSERT INTO footfall (bucket_start, site, directorate, service, channel, passages)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT ON CONSTRAINT footfall_key"
            " DO UPDATE SET passages = EXCLUDED.passages",
            [QUARTER, *KEY, passages],
        )
        writer.execute(
            "INSERT INTO changed (kind, bucket_start, site, directorate, service, channel)"
            " VALUES ('bucket', %s, %s, %s, %s, %s)",
            [QUARTER, *KEY],
        )


async def published(service: Publication, database: Any) -> None:
    """Wait until nothing is left to publish."""
    async with asyncio.timeout(DEADLINE_S):
        while database.value("SELECT count(*) FROM changed"):
            await service.sleep(0.05)


async def test_a_worker_that_was_left_for_dead_leaves_no_older_value_behind(
    settings: ProcessorSettings, database: Any, topic: Topic
) -> None:
    class Frozen(Publication):
        """Is frozen with a message in hand, and thaws after another has published."""

        thawed = False

        async def _send(self, producer: Any, messages: Any) -> None:
            if not self.thawed and any(isinstance(m, footfall.Bucket) for m in messages):
                self.thawed = True
                end_session(database)
                count(database, 2)
                other = Publication(settings)
                await other.start()
                await published(other, database)
                await other.stop()
            await super()._send(producer, messages)

    count(database, 1)
    frozen = Frozen(settings)
    await frozen.start()
    async with asyncio.timeout(DEADLINE_S):
        while topic.passages()[-2:] != [1, 2]:
            await frozen.sleep(0.1)
    await published(frozen, database)
    await frozen.stop()
    assert frozen.thawed
    assert topic.passages()[0] == 2, "the other has published meanwhile"


def end_session(database: Any) -> None:
    with psycopg.connect(database.admin, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'passage-publication' AND state = 'idle in transaction'"
            " AND datname = %s",
            [database.owner.rpartition("/")[2]],
        )


async def test_all_of_today_is_announced_to_a_topic_that_was_emptied(
    settings: ProcessorSettings, database: Any, topic: Topic
) -> None:
    with psycopg.connect(database.writer) as writer:
        writer.execute(
            "INSERT INTO footfall (bucket_start, site, directorate, service, channel, passages)"
            " VALUES (%s, %s, %s, %s, %s, 7)",
            [QUARTER, *KEY],
        )
    service = Publication(settings)
    await service.start()
    async with asyncio.timeout(DEADLINE_S):
        while not any(isinstance(m, footfall.Progress) for m in topic.messages()):
            await service.sleep(0.05)
    await service.stop()
    messages = topic.messages()
    assert topic.passages() == [7]
    described = {m.site: m for m in messages if isinstance(m, footfall.Site)}
    assert described.keys() == {row[0] for row in database.rows("SELECT code FROM site")}
    heard = {m.device for m in messages if isinstance(m, footfall.Device)}
    assert heard == {row[0] for row in database.rows("SELECT code FROM device")}
    assert isinstance(messages[-1], footfall.Progress)


def test_without_its_topic_counting_goes_on_and_the_log_says_what_to_do(
    pipeline: Pipeline, eventually: Any
) -> None:
    admin = KafkaAdminClient(bootstrap_servers=pipeline.kafka)
    admin.delete_topics([pipeline.prefix + FOOTFALL.name])
    admin.close()
    worker = pipeline.worker()
    pipeline.publish([message(ticket())])
    eventually(pipeline.drained)
    assert pipeline.database.value("SELECT sum(passages) FROM footfall") == 1
    said = eventually(lambda: worker.said("changes not published"))
    assert said[0]["level"] == "error"
    assert said[0]["error"].endswith("does not exist: run `passage provision topics`")

    provision_topics.apply(pipeline.kafka, pipeline.prefix)
    topic = Topic(pipeline.kafka, pipeline.prefix)
    eventually(lambda: topic.passages() == [1])
    topic.close()
