"""Quix Streams as its guide has it: a tumbling window of 15 minutes, and its own PostgreSQL sink.

Not guaranteed: the default is at-least-once: a killed application counts again what its state had
counted since its last checkpoint. No event is stored, none is told from its repetition. A window
that stays open for late events keeps its state on the disk of this machine and in a topic.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.conninfo import conninfo_to_dict
from quixstreams import Application
from quixstreams.dataframe.windows import Count
from quixstreams.sinks.community.postgresql import PostgreSQLSink

from benchmarks.peers.job import SHOW_EVERY_S, Passage, Place, passage_of
from schemas.codec import decode

# Partitions of a backlog are not read in step: a window must wait for the slowest of them.
GRACE = timedelta(days=90)
KEY = list(Passage._fields)


def count(place: Place) -> None:
    """Count until it is stopped."""
    app = Application(
        broker_address=place.kafka,
        consumer_group=place.group,
        auto_offset_reset="earliest",
        state_dir=place.state,
        commit_interval=SHOW_EVERY_S,
        loglevel="WARNING",
    )
    events = app.dataframe(app.topic(place.visit_events, value_deserializer="bytes"))
    passages = events.apply(_passage).filter(lambda passage: passage is not None)
    counters = passages.group_by(lambda passage: passage["counter"], name="counter")
    # Only now: the topic between has the settings of the first, where the broker sets the time.
    counters = counters.set_timestamp(lambda passage, *_: passage["at_ms"])
    counts = counters.tumbling_window(timedelta(minutes=15), grace_ms=GRACE)
    rows = counts.agg(passages=Count()).current().apply(_row, metadata=True)
    rows.sink(_sink(place.database))
    heartbeats = app.dataframe(app.topic(place.heartbeats, value_deserializer="bytes"))
    heartbeats.apply(lambda value: decode(value) is not None)
    app.run()


def _passage(value: bytes) -> dict[str, Any] | None:
    passage = passage_of(decode(value))
    if passage is None:
        return None
    at_ms = int(passage.bucket_start.timestamp() * 1000)
    return {"at_ms": at_ms, "counter": "|".join(passage[1:])}


def _row(window: dict[str, Any], key: str, *_: Any) -> dict[str, Any]:
    start = datetime.fromtimestamp(window["start"] / 1000, UTC)
    return dict(zip(KEY, (start, *key.split("|")), strict=True)) | {"passages": window["passages"]}


def _sink(database: str) -> PostgreSQLSink:
    address = conninfo_to_dict(database)
    return PostgreSQLSink(
        host=str(address["host"]),
        port=int(str(address["port"])),
        dbname=str(address["dbname"]),
        user=str(address["user"]),
        password=str(address["password"]),
        table_name="peer_count",
        primary_key_columns=KEY,
        upsert_on_primary_key=True,
        include_metadata=False,
        schema_auto_update=False,
    )


if __name__ == "__main__":
    count(Place.from_environ())
