"""The commands on a real broker and a real database: list, show, replay, and what they refuse."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from schemas.registry import Directorate, Queue, Registry, Service
from services.deadletters.broker import open_sender
from services.deadletters.letters import LetterId
from services.deadletters.sending import Sendable, plan
from services.deadletters.store import open_store
from services.provision import registry as provision_registry
from tests.pipeline import Pipeline

NEW = {"directorate": "dxx", "service": "dragons", "queue": "acc-dragons", "number": "D001"}


def with_dragons(registry: Registry) -> Registry:
    added = {
        "directorates": (*registry.directorates, Directorate(code="dxx", name="Dragons")),
        "services": (*registry.services, Service(code="dragons", name="…", directorate="dxx")),
        "queues": (
            *registry.queues,
            Queue(code="acc-dragons", site="creteil-accueil", service="dragons", prefix="D"),
        ),
    }
    return Registry.model_validate(registry.model_dump() | added)


@pytest.fixture
def mend(pipeline: Pipeline, registry: Registry) -> Any:
    """Loads the registry in which the missing directorate is there."""

    def load() -> None:
        newer = with_dragons(registry)
        provision_registry.load(
            pipeline.database.owner, newer, pipeline.database.value("SELECT current_date")
        )

    return load


def ids(run: Any, *arguments: str) -> list[str]:
    letters = json.loads(run("list", "--format", "json", *arguments).stdout)
    return [letter["id"] for letter in letters]


def record_at(pipeline: Pipeline, topic: str, partition: int, offset: int) -> Any:
    consumer = KafkaConsumer(bootstrap_servers=pipeline.kafka, consumer_timeout_ms=10_000)
    try:
        consumer.assign([TopicPartition(topic, partition)])
        consumer.seek(TopicPartition(topic, partition), offset)
        return next(consumer)
    finally:
        consumer.close()


def newest_record(pipeline: Pipeline) -> Any:
    """The message of `visit-events` that the broker took last."""
    topic = f"{pipeline.prefix}visit-events"
    consumer = KafkaConsumer(bootstrap_servers=pipeline.kafka)
    try:
        partitions = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic)]
        ends = consumer.end_offsets(partitions)
    finally:
        consumer.close()
    last = [record_at(pipeline, tp.topic, tp.partition, end - 1) for tp, end in ends.items() if end]
    return max(last, key=lambda record: record.timestamp)


def test_reasons_list_and_show_tell_everything_but_identities(
    pipeline: Pipeline, run: Any, eventually: Any, ticket: Any, message: Any
) -> None:
    pipeline.worker()
    pipeline.publish(
        [
            message(ticket(**NEW)),
            message(ticket(**NEW | {"directorate": "dyy"})),
            message(ticket(visitor_name="Camille Dupont")),
            message(ticket(number="Camille")),
            message(b"Camille"),
        ]
    )
    eventually(pipeline.drained)

    reasons = run("reasons").output
    assert "unknown_directorate" in reasons
    assert "(+1 others)" in reasons
    assert "passage dead-letters replay --reason unknown_directorate" in reasons
    assert len(ids(run)) == 5
    assert len(ids(run, "--reason", "not_json", "--reason", "identity_field")) == 2
    assert len(ids(run, "--site", "creteil-accueil")) == 4
    assert len(ids(run, "--site", "sp-lhay")) == 0
    assert len(ids(run, "--since", "1h")) == 5
    assert len(ids(run, "--since", "2099-01-01")) == 0
    few = run("list", "--limit", "2", "--format", "csv")
    assert len(list(csv.DictReader(io.StringIO(few.stdout)))) == 2
    assert "--limit 0 shows all" in few.stderr
    shown = [run("show", one).output for one in ids(run)]
    assert sum('"number": "[withheld]"' in one for one in shown) == 1
    for output in (reasons, run("list").output, *shown):
        assert "Camille" not in output


def test_what_fails_again_is_a_new_dead_letter(
    pipeline: Pipeline, run: Any, eventually: Any, ticket: Any, message: Any
) -> None:
    pipeline.worker()
    pipeline.publish([message(ticket(**NEW))])
    eventually(pipeline.drained)
    [first] = ids(run)
    run("replay", first)
    eventually(pipeline.drained)
    [second] = ids(run)
    assert second != first
    assert set(ids(run, "--all")) == {second, first}
    assert f"{second}, refused" in run("show", first).output
    assert "1 skipped: replayed before" in run("replay", first).output


def test_a_replay_carries_the_first_arrival_and_the_visits_key(
    pipeline: Pipeline, run: Any, eventually: Any, ticket: Any, message: Any
) -> None:
    event = ticket(**NEW)
    pipeline.worker()
    pipeline.publish([message(event)])
    eventually(pipeline.drained)
    [letter] = json.loads(run("list", "--format", "json").stdout)
    run("replay", letter["id"])
    record = newest_record(pipeline)
    assert record.key == event["visit_id"].encode()
    assert json.loads(record.value) == event
    [(name, value)] = record.headers
    assert name == "passage-received-at"
    assert datetime.fromisoformat(value.decode()) == datetime.fromisoformat(letter["received_at"])
    assert record.timestamp / 1000 > datetime.fromisoformat(value.decode()).timestamp()


def test_what_was_not_kept_whole_is_replayed_from_the_topic_alone(
    pipeline: Pipeline, run: Any, mend: Any, eventually: Any, ticket: Any, message: Any
) -> None:
    # A field of a newer release: it is passed over where it counts, and never stored.
    original = json.dumps(ticket(**NEW, mood="hopeful"), indent=1).encode()
    pipeline.worker()
    pipeline.publish([message(original)])
    eventually(pipeline.drained)
    [one] = ids(run)
    mend()
    refusal = run("replay", one, ends_with=1).output
    assert "add --from-topic" in " ".join(refusal.split())
    assert "1 would be replayed" in run("replay", one, "--from-topic", "--dry-run").output
    assert pipeline.database.value("SELECT sum(passages) FROM footfall") is None

    run("replay", one, "--from-topic")
    eventually(pipeline.drained)
    record = newest_record(pipeline)
    assert (record.key, record.value) == (b"key", original)
    assert pipeline.database.value("SELECT sum(passages) FROM footfall") == 1
    assert "mood" not in run("show", one).output


def test_an_original_whose_retention_is_over_is_said_to_be_lost(
    pipeline: Pipeline, run: Any, mend: Any, eventually: Any, ticket: Any, message: Any
) -> None:
    pipeline.worker()
    pipeline.publish([message(ticket(**NEW, mood="hopeful"))])
    eventually(pipeline.drained)
    [one] = ids(run)
    topic, partition, offset = one.split("/")
    admin = KafkaAdminClient(bootstrap_servers=pipeline.kafka)
    admin.delete_records({TopicPartition(topic, int(partition)): int(offset) + 1})
    admin.close()
    output = run("replay", one, "--from-topic", ends_with=1).output
    assert "0 replayed" in output
    assert "the retention is over" in " ".join(output.split())
    assert ids(run) == [one]


def test_an_identity_is_never_sent_again(
    pipeline: Pipeline, run: Any, eventually: Any, ticket: Any, message: Any
) -> None:
    pipeline.worker()
    pipeline.publish([message(ticket(visitor_name="Camille Dupont"))])
    eventually(pipeline.drained)
    output = run("replay", "--reason", "identity_field", "--from-topic", ends_with=1).output
    assert "cannot help" in output
    assert "Camille" not in output
    assert pipeline.drained()
    assert len(ids(run)) == 1


def test_what_cannot_be_done_is_said_with_its_remedy(
    pipeline: Pipeline, run: Any, eventually: Any, ticket: Any, message: Any
) -> None:
    pipeline.worker()
    pipeline.publish([message(ticket(**NEW))])
    eventually(pipeline.drained)
    [one] = ids(run)
    assert "say which" in run("replay", ends_with=2).output
    assert "not both" in run("replay", one, "--since", "1h", ends_with=2).output
    blindly = run("replay", "--since", "1h", "--from-topic", ends_with=2).output
    assert "say what was mended" in blindly
    absent = f"{pipeline.prefix}visit-events/0/987654"
    assert "no dead letter" in run("replay", one, absent, ends_with=1).output
    assert "no dead letter" in run("show", absent, ends_with=1).output
    reader = {"PASSAGE_DATABASE_WRITER": pipeline.database.reader}
    assert "the processor's role" in run("list", ends_with=1, **reader).output.replace("\n", " ")
    other = run("replay", one, ends_with=1, PASSAGE_TOPIC_PREFIX="other.").output
    assert "PASSAGE_TOPIC_PREFIX" in other
    nobody = run("replay", one, ends_with=1, PASSAGE_KAFKA="127.0.0.1:1").output
    assert "correct PASSAGE_KAFKA" in nobody
    assert ids(run) == [one]


def test_nothing_is_noted_while_the_broker_is_away(
    pipeline: Pipeline, run: Any, broker: Any, mend: Any, eventually: Any, ticket: Any, message: Any
) -> None:
    pipeline.worker()
    pipeline.publish([message(ticket(**NEW))])
    eventually(pipeline.drained)
    broker.stop()
    output = run("replay", "--reason", "unknown_directorate", ends_with=1).output
    assert "Kafka does not answer" in output
    broker.start()
    assert len(ids(run)) == 1
    mend()
    run("replay", "--reason", "unknown_directorate")
    eventually(pipeline.drained)
    assert pipeline.database.value("SELECT sum(passages) FROM footfall") == 1


def test_a_message_that_the_broker_did_not_acknowledge_is_not_told_as_sent(
    pipeline: Pipeline, run: Any, broker: Any, eventually: Any, ticket: Any, message: Any
) -> None:
    pipeline.worker()
    pipeline.publish([message(ticket(**NEW))])
    eventually(pipeline.drained)
    with open_store(pipeline.database.writer) as store:
        letter = store.one(LetterId.parse(ids(run)[0]))
    step = plan(letter, prefix=pipeline.prefix, again=False, from_topic=False)
    assert isinstance(step, Sendable)
    with open_sender(pipeline.kafka, patience_s=3) as sender:
        assert sender.send([step]) == ([letter.id], None)
        broker.stop()
        acknowledged, failure = sender.send([step])
    assert acknowledged == []
    assert failure is not None
