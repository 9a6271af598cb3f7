"""The same messages come again, all of them or some, and in disorder."""

from __future__ import annotations

from random import Random
from typing import Any

from kafka import KafkaAdminClient, TopicPartition
from kafka.structs import OffsetAndMetadata

from schemas.topics import SOURCES
from services.simulator.messages import as_messages
from services.simulator.simulation import Simulation
from tests.faults.proof import Ledger
from tests.faults.sessions import Sessions
from tests.pipeline import Pipeline

WINDOW_S = 3 * 3600
REPEATED_SHARE = 0.3


def test_the_whole_topic_replayed_changes_nothing(
    pipeline: Pipeline, day: Simulation, messages: Any, ledger: Ledger, eventually: Any
) -> None:
    pipeline.publish(messages)
    worker = pipeline.worker()
    eventually(pipeline.drained, deadline_s=60)
    assert worker.stop() == 0

    rewind(pipeline)
    assert pipeline.lag() == len(messages)
    worker.start()
    eventually(pipeline.drained, deadline_s=60)
    pipeline.publish(messages)
    once_more = "another-group"
    pipeline.worker(PASSAGE_GROUP=pipeline.prefix + once_more)
    eventually(lambda: pipeline.lag(once_more) == 0, deadline_s=60)

    outcome = ledger.close("whole topic replayed 4 times", pipeline, day)
    assert outcome.repeats == 4 * outcome.sent


def rewind(pipeline: Pipeline) -> None:
    """Let the group read again from the beginning of its topics."""
    admin = KafkaAdminClient(bootstrap_servers=pipeline.kafka)
    try:
        admin.alter_group_offsets(
            pipeline.environ["PASSAGE_GROUP"],
            {
                TopicPartition(pipeline.prefix + topic.name, number): OffsetAndMetadata(0, "", -1)
                for topic in SOURCES
                for number in range(topic.partitions)
            },
        )
    finally:
        admin.close()


def test_messages_repeated_and_shuffled_across_three_hours_count_once_each(
    pipeline: Pipeline,
    sessions: Sessions,
    day: Simulation,
    chance: Random,
    ledger: Ledger,
) -> None:
    arrivals = []
    for message in as_messages(day):
        for _ in range(2 if chance.random() < REPEATED_SHARE else 1):
            at = message.occurred_at.timestamp() + chance.uniform(0, WINDOW_S)
            arrivals.append((at, (message.topic, message.key, message.value)))
    arrivals.sort()
    pipeline.publish([message for _, message in arrivals])
    pipeline.worker(PASSAGE_BATCH_EVENTS="50")
    outcome = ledger.close("30 % sent twice, shuffled over 3 h", pipeline, day)
    assert outcome.repeats > 0.2 * outcome.sent
