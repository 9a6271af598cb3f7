from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from schemas.topics import VISIT_EVENTS, all_topics
from services.provision import topics as provision_topics
from services.provision.errors import ProvisionError
from services.provision.topics import apply


@pytest.fixture
def kafka(stack) -> str:
    return stack.environ()["PASSAGE_KAFKA"]


@pytest.fixture
def admin(kafka):
    client = KafkaAdminClient(bootstrap_servers=kafka)
    yield client
    client.close()


@pytest.fixture
def prefix() -> str:
    return f"t{uuid4().hex[:8]}."


def test_applied_twice_changes_nothing(kafka, prefix):
    assert len(apply(kafka, prefix)) == len(list(all_topics()))
    assert apply(kafka, prefix) == []


def test_a_dry_run_makes_no_topic(kafka, prefix, admin):
    assert all(s.startswith("would make topic") for s in apply(kafka, prefix, dry_run=True))
    assert not [name for name in admin.list_topics() if name.startswith(prefix)]


def test_a_setting_that_somebody_changed_is_put_right_and_others_stay(kafka, prefix, admin):
    apply(kafka, prefix)
    name = prefix + VISIT_EVENTS.name
    resource = ConfigResource(
        ConfigResourceType.TOPIC, name, {"retention.ms": "1000", "segment.ms": "70000"}
    )
    assert admin.alter_configs([resource])["topic"][name] == "OK"
    (change,) = apply(kafka, prefix)
    assert change.startswith(f"set on topic {name} retention.ms from 1000 to ")
    assert apply(kafka, prefix) == []
    config = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    assert config["topic"][name]["segment.ms"]["value"] == "70000"


def test_partitions_are_raised_and_never_lowered(kafka, prefix, monkeypatch):
    def declare(partitions: int) -> None:
        topic = replace(VISIT_EVENTS, partitions=partitions)
        monkeypatch.setattr(provision_topics, "all_topics", lambda: iter([topic]))

    declare(2)
    apply(kafka, prefix)
    declare(5)
    (change,) = apply(kafka, prefix)
    assert "from 2 to 5 partitions" in change
    declare(3)
    told: list[str] = []
    assert apply(kafka, prefix, told.append) == []
    assert "keeps its 5 partitions" in told[0]


def test_more_replicas_than_brokers_are_refused(kafka, prefix):
    with pytest.raises(ProvisionError, match="PASSAGE_REPLICATION_FACTOR is 2, but"):
        apply(kafka, prefix, replication=2)


def test_a_broker_that_is_not_there_is_named(monkeypatch, prefix):
    monkeypatch.setattr(provision_topics, "_BOOTSTRAP_TIMEOUT_MS", 500)
    with pytest.raises(
        ProvisionError, match=r"Kafka does not answer on 127\.0\.0\.1:1 .*PASSAGE_KAFKA"
    ):
        apply("127.0.0.1:1", prefix)
