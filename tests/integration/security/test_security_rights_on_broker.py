"""What each user of the broker may do, and nothing else: the shipped rules, tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import (
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ConfigResource,
    ConfigResourceType,
    ResourcePatternFilter,
    ResourceType,
)
from kafka.errors import (
    AuthorizationError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
)
from kafka.structs import OffsetAndMetadata

from schemas.topics import HEARTBEATS
from tests.integration.security.closed_broker import (
    ADMIN,
    NOBODY,
    ClosedBroker,
    shipped_users,
)

TOPICS = (
    "visit-events",
    "heartbeats",
    "visit-events.dead-letter",
    "heartbeats.dead-letter",
    "footfall",
)
GROUPS = ("passage-processor", "passage-live-1", "another")

EVERY_RULE = ACLFilter(
    None,
    None,
    ACLOperation.ANY,
    ACLPermissionType.ANY,
    ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY),
)

MAY: dict[str, set[str]] = {
    "kiosk": {"write visit-events", "write heartbeats"},
    "gateway": {"write visit-events", "write heartbeats"},
    "processor": {
        "read visit-events",
        "read heartbeats",
        "write visit-events.dead-letter",
        "write heartbeats.dead-letter",
        "write footfall",
        "acknowledge passage-processor",
    },
    "live": {"read footfall", "acknowledge passage-live-1"},
    "provision": {"make", "set"},
    "dead-letters": {
        "read visit-events",
        "read heartbeats",
        "write visit-events",
        "write heartbeats",
    },
    NOBODY: set(),
}


class Session:
    """One user's clients."""

    def __init__(self, closed: ClosedBroker, user: str) -> None:
        self._login = closed.login(user).arguments()
        self._admin = KafkaAdminClient(**self._login)

    def close(self) -> None:
        self._admin.close()

    def attempts(self) -> Iterator[tuple[str, Callable[[], Any]]]:
        """Everything that anybody might try."""
        for topic in TOPICS:
            yield f"write {topic}", partial(self._write, topic)
            yield f"read {topic}", partial(self._read, topic)
        for group in GROUPS:
            yield f"acknowledge {group}", partial(self._acknowledge, group)
        yield "make", self._make
        yield "set", self._set
        yield "remove", lambda: self._admin.delete_topics(["footfall"])
        yield "see rights", lambda: self._admin.describe_acls(EVERY_RULE)
        yield "see users", lambda: self._admin.describe_user_scram_credentials([ADMIN])

    # A client of kafka-python that was refused once says so ever after: each attempt has its own.

    def _write(self, topic: str) -> None:
        with closing(self._producer()) as producer:
            producer.send(topic, key=b"k", value=b"{}").get(timeout=10)

    def _producer(self) -> KafkaProducer:
        return KafkaProducer(**self._login, max_block_ms=5000, enable_idempotence=False)

    def _read(self, topic: str) -> None:
        partition = TopicPartition(topic, 0)
        with closing(KafkaConsumer(**self._login, enable_auto_commit=False)) as consumer:
            if not consumer.partitions_for_topic(topic):
                raise TopicAuthorizationFailedError(topic)  # it is not even told that there is one
            consumer.assign([partition])
            consumer.seek(partition, 0)
            assert consumer.poll(timeout_ms=10_000)

    def _acknowledge(self, group: str) -> None:
        partition = TopicPartition("footfall" if "live" in group else "heartbeats", 0)
        with closing(KafkaConsumer(**self._login, group_id=group)) as consumer:
            consumer.assign([partition])
            consumer.commit({partition: OffsetAndMetadata(0, "", -1)}, timeout_ms=5000)

    def _make(self) -> None:
        shape = {"num_partitions": 1, "replication_factor": 1}
        with suppress(TopicAlreadyExistsError):
            self._admin.create_topics({"made-here": shape})

    def _set(self) -> None:
        same = {"max.message.bytes": HEARTBEATS.config["max.message.bytes"]}
        wanted = ConfigResource(ConfigResourceType.TOPIC, HEARTBEATS.name, same)
        # The client does not raise: it returns "OK", or stumbles over the broker's words.
        if self._admin.alter_configs([wanted])["topic"][HEARTBEATS.name] != "OK":
            raise TopicAuthorizationFailedError


@pytest.fixture(scope="module")
def filled(closed: ClosedBroker) -> ClosedBroker:
    """The broker, with something to read in the first partition of each topic."""
    with closing(KafkaProducer(**closed.login(ADMIN).arguments())) as producer:
        sent = [producer.send(topic, key=b"k", value=b"{}", partition=0) for topic in TOPICS]
        for one in sent:
            one.get(timeout=20)
    return closed


def test_every_shipped_user_is_tried() -> None:
    assert set(MAY) == {*shipped_users(), NOBODY}


def test_a_gateway_may_what_a_kiosk_may() -> None:
    assert shipped_users()["gateway"] == shipped_users()["kiosk"]


@pytest.mark.parametrize("user", sorted(set(MAY) - {"gateway"}))
def test_a_user_may_do_its_work_and_nothing_else(filled: ClosedBroker, user: str) -> None:
    done, refused = set(), {}
    with closing(Session(filled, user)) as session:
        for name, attempt in session.attempts():
            try:
                attempt()
            except (AuthorizationError, ValueError) as error:
                refused[name] = error
            else:
                done.add(name)
    assert done == MAY[user], refused
