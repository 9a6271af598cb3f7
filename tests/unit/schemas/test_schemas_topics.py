from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import timedelta

import pytest

from schemas.codec import MAX_EVENT_BYTES
from schemas.topics import FOOTFALL, HEARTBEATS, SOURCES, VISIT_EVENTS, Topic, all_topics

DAY_MS = 24 * 60 * 60 * 1000


def test_a_topic_says_its_settings_as_the_broker_names_them() -> None:
    assert VISIT_EVENTS.config == {
        "cleanup.policy": "delete",
        "max.message.bytes": "1048576",
        "message.timestamp.type": "LogAppendTime",
        "retention.ms": str(45 * DAY_MS),
    }


def test_a_topic_without_retention_is_compacted() -> None:
    config = Topic("footfall", "changed buckets", "bucket", 3, None).config
    assert config["cleanup.policy"] == "compact"
    assert "retention.ms" not in config


def test_the_topic_of_changes_holds_the_newest_of_each_key_for_some_days() -> None:
    # In one partition: whoever has read a `progress` has read all that was published before it.
    assert FOOTFALL.partitions == 1
    assert FOOTFALL.config["cleanup.policy"] == "compact,delete"
    assert FOOTFALL.config["retention.ms"] == str(3 * DAY_MS)
    assert int(FOOTFALL.config["segment.ms"]) < DAY_MS


def test_every_topic_is_listed_once_and_followed_by_its_dead_letter() -> None:
    listed = list(all_topics())
    for topic in SOURCES:
        assert listed.count(topic) == 1
        assert listed[listed.index(topic) + 1] is topic.dead_letter


def test_visits_and_devices_each_keep_their_order() -> None:
    assert (VISIT_EVENTS.key, HEARTBEATS.key) == ("visit_id", "source")


@pytest.mark.parametrize("topic", SOURCES, ids=lambda topic: topic.name)
def test_a_refused_event_fits_into_the_topic_of_dead_letters(topic: Topic) -> None:
    assert topic.dead_letter is not None
    assert topic.dead_letter.max_message_bytes > 4 * MAX_EVENT_BYTES
    assert topic.dead_letter.dead_letter is None


@pytest.mark.parametrize("topic", SOURCES, ids=lambda topic: topic.name)
def test_events_are_kept_over_a_long_closure_and_not_longer_than_visits(topic: Topic) -> None:
    assert topic.retention is not None
    assert topic.dead_letter is not None
    assert topic.dead_letter.retention is not None
    assert topic.retention >= timedelta(days=30)
    assert topic.dead_letter.retention <= timedelta(days=90)


def test_a_topic_is_immutable() -> None:
    with pytest.raises(FrozenInstanceError):
        VISIT_EVENTS.partitions = 1  # type: ignore[misc]
