from __future__ import annotations

from datetime import timedelta

from schemas.topics import Topic, all_topics
from services.provision.topics import AddPartitions, Configure, Create, Found, Remark, difference

EVENTS = Topic("events", "events", "id", 12, timedelta(days=1))


def found(topic: Topic, *, partitions: int | None = None, replication: int = 1, **config: str):
    return Found(partitions or topic.partitions, replication, topic.config | config)


def test_a_missing_topic_is_made_under_its_prefix():
    (step,) = difference([EVENTS], {}, prefix="test.", replication=1)
    assert step == Create("test.events", 12, 1, EVENTS.config)


def test_a_topic_that_matches_is_left_alone():
    assert difference([EVENTS], {"events": found(EVENTS)}, prefix="", replication=1) == []


def test_partitions_are_added():
    present = {"events": found(EVENTS, partitions=3)}
    assert difference([EVENTS], present, prefix="", replication=1) == [
        AddPartitions("events", 3, 12)
    ]


def test_partitions_are_never_taken_away():
    present = {"events": found(EVENTS, partitions=24)}
    (step,) = difference([EVENTS], present, prefix="", replication=1)
    assert isinstance(step, Remark)
    assert "keeps its 24 partitions" in str(step)


def test_only_settings_that_differ_are_set():
    config = EVENTS.config | {"retention.ms": "1", "segment.ms": "77"}
    present = {"events": Found(12, 1, config)}
    (step,) = difference([EVENTS], present, prefix="", replication=1)
    assert step == Configure("events", config, {"retention.ms": "86400000"})
    assert str(step) == "set on topic events retention.ms from 1 to 86400000"


def test_three_replicas_need_two_that_have_the_message():
    (step,) = difference([EVENTS], {}, prefix="", replication=3)
    assert isinstance(step, Create)
    assert step.config["min.insync.replicas"] == "2"


def test_another_number_of_replicas_is_only_told():
    (step,) = difference(
        [EVENTS], {"events": found(EVENTS, replication=2)}, prefix="", replication=1
    )
    assert isinstance(step, Remark)


def test_every_declared_topic_is_made_where_there_is_none():
    steps = difference(all_topics(), {}, prefix="", replication=1)
    assert [str(step).split()[2] for step in steps] == [topic.name for topic in all_topics()]
