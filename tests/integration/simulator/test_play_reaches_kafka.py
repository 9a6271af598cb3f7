"""A small day through the real edge into the real Kafka, read back byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from kafka import KafkaConsumer, TopicPartition

from schemas.registry import Registry
from schemas.topics import SOURCES
from services.simulator.__main__ import simulate
from services.simulator.messages import as_messages
from services.simulator.play import PlayError, Progress, play
from services.simulator.simulation import Simulation, generate
from services.stack.stack import Stack

MONDAY = date(2026, 11, 16)


@pytest.fixture(scope="module")
def small_day(registry: Registry) -> Simulation:
    return generate(registry, MONDAY, scale=0.05)


@pytest.fixture
def kafka(stack: Stack) -> str:
    return stack.environ()["PASSAGE_KAFKA"]


def _read(kafka: str, prefix: str) -> Iterator[tuple[str, bytes, bytes]]:
    consumer = KafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False)
    try:
        partitions = [
            TopicPartition(prefix + topic.name, number)
            for topic in SOURCES
            for number in range(topic.partitions)
        ]
        consumer.assign(partitions)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(partitions)
        while any(consumer.position(p) < ends[p] for p in partitions):
            for records in consumer.poll(timeout_ms=1000).values():
                for record in records:
                    yield record.topic.removeprefix(prefix), record.key, record.value
    finally:
        consumer.close()


def _planned(simulation: Simulation) -> list[tuple[str, bytes, bytes]]:
    return sorted((m.topic, m.key, m.value) for m in as_messages(simulation))


def test_kafka_holds_exactly_what_was_planned(
    small_day: Simulation, kafka: str, topics: str, tmp_path: Path
) -> None:
    seen: list[Progress] = []
    play(small_day, kafka, tmp_path / "outboxes", topics, report=seen.append)
    assert sorted(_read(kafka, topics)) == _planned(small_day)
    assert seen[-1].delivered == seen[-1].written == seen[-1].total == len(small_day.events)


def test_an_accelerated_play_delivers_the_same(
    small_day: Simulation, kafka: str, topics: str, tmp_path: Path
) -> None:
    play(small_day, kafka, tmp_path, topics, speed=20_000)
    assert sorted(_read(kafka, topics)) == _planned(small_day)


def test_outboxes_of_an_earlier_play_are_not_written_again(
    small_day: Simulation, kafka: str, topics: str, tmp_path: Path
) -> None:
    (tmp_path / "acc-borne-1.db").touch()
    with pytest.raises(PlayError, match="empty folder"):
        play(small_day, kafka, tmp_path, topics)


def test_a_broker_that_is_away_ends_the_play_and_loses_nothing(
    small_day: Simulation, kafka: str, topics: str, tmp_path: Path
) -> None:
    with pytest.raises(PlayError, match="are not delivered"):
        play(small_day, "127.0.0.1:1", tmp_path / "first", topics, patience_s=1)
    play(small_day, kafka, tmp_path / "second", topics)
    assert sorted(_read(kafka, topics)) == _planned(small_day)


def test_the_command_plays_and_exits_zero(kafka: str, topics: str, tmp_path: Path) -> None:
    truth = tmp_path / "truth.json"
    arguments = ["--date", "2026-11-16", "--scale", "0.05", "--truth", str(truth)]
    environ = {"PASSAGE_KAFKA": kafka, "PASSAGE_TOPIC_PREFIX": topics}
    result = CliRunner().invoke(simulate, arguments, env=environ)
    assert result.exit_code == 0, result.output
    assert truth.exists()
    assert "events delivered" in result.stderr
    assert sum(1 for _ in _read(kafka, topics)) > 0
