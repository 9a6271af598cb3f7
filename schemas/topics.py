"""Every topic, declared once: `passage provision topics` makes the broker match this list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Topic:
    """Name, key and settings of a Kafka topic."""

    name: str
    holds: str
    key: str
    """What a message's key is: messages of one key keep their order and meet one worker."""
    partitions: int
    retention: timedelta | None
    """None: compacted, the newest message of each key is kept for ever."""
    max_message_bytes: int = 1024 * 1024
    dead_letter: Topic | None = None
    compacted: bool = False
    """With a retention: of each key the newest message is kept, and not longer than that."""

    @property
    def config(self) -> dict[str, str]:
        """Topic settings as the broker names them.

        `LogAppendTime`: a message's timestamp is the time the broker took it (`received_at`); what
        a device's clock says is in the event.
        """
        config = {
            "max.message.bytes": str(self.max_message_bytes),
            "message.timestamp.type": "LogAppendTime",
        }
        if self.retention is None:
            return config | {"cleanup.policy": "compact"}
        config["retention.ms"] = str(int(self.retention.total_seconds() * 1000))
        if not self.compacted:
            return config | {"cleanup.policy": "delete"}
        # The segment that is being written is neither compacted nor deleted: keep it short.
        return config | {"cleanup.policy": "compact,delete", "segment.ms": str(60 * 60 * 1000)}


def _with_dead_letter(topic: Topic) -> Topic:
    # Same size limit, so that whatever came in fits; longer retention, so that there is time to
    # mend it.
    retention = topic.retention or timedelta(days=45)
    dead_letter = Topic(
        name=f"{topic.name}.dead-letter",
        holds=f"what was refused on {topic.name}, with the reason",
        key="topic, partition and offset of the refused message",
        partitions=1,
        retention=2 * retention,
        max_message_bytes=topic.max_message_bytes,
    )
    return Topic(
        topic.name,
        topic.holds,
        topic.key,
        topic.partitions,
        topic.retention,
        topic.max_message_bytes,
        dead_letter,
    )


VISIT_EVENTS = _with_dead_letter(
    Topic("visit-events", "events of visits", "visit_id", 12, timedelta(days=45))
)
HEARTBEATS = _with_dead_letter(
    Topic("heartbeats", "signs of life of devices", "source", 3, timedelta(days=45))
)
SOURCES = (VISIT_EVENTS, HEARTBEATS)

# Whoever starts reads all of it, so it holds days, not years: history is in the database. All that
# is of today is announced again well within these days. One partition, hence one order: when a
# `progress` has come, so has whatever was published before it.
FOOTFALL = Topic(
    "footfall",
    "what changed in the database, as it is now (schemas/footfall.py)",
    "kind and key of what changed",
    partitions=1,
    retention=timedelta(days=3),
    compacted=True,
)


def all_topics() -> Iterator[Topic]:
    """Every topic to create, dead letters included."""
    for topic in SOURCES:
        yield topic
        if topic.dead_letter is not None:
            yield topic.dead_letter
    yield FOOTFALL
