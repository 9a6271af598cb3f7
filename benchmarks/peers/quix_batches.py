"""Quix Streams with a sink of one's own, as its guide invites to: a batch is one transaction.

Not guaranteed by the engine: it commits its offsets after the sinks have written, partition by
partition, so that a killed application writes again. Here the database tells a repetition from an
event by its id: that is the sink's doing.
"""

from __future__ import annotations

from typing import Any

from quixstreams import Application
from quixstreams.sinks import BatchingSink, SinkBatch

from benchmarks.peers.job import BATCH_EVENTS, SHOW_EVERY_S, BatchSink, Place, row_of


class Recorder(BatchingSink):
    """Records each partition's batch at every checkpoint."""

    def __init__(self, database: str) -> None:
        super().__init__()
        self._database = database
        self._sink: BatchSink | None = None

    def setup(self) -> None:
        """Connect."""
        self._sink = BatchSink(self._database)

    def write(self, batch: SinkBatch) -> None:
        """Write one partition's events."""
        assert self._sink is not None
        self._sink.write(item.value for item in batch)


def count(place: Place) -> None:
    """Count until it is stopped."""
    app = Application(
        broker_address=place.kafka,
        consumer_group=place.group,
        auto_offset_reset="earliest",
        state_dir=place.state,
        commit_interval=SHOW_EVERY_S,
        commit_every=BATCH_EVENTS,
        loglevel="WARNING",
    )
    recorder = Recorder(place.database)
    for topic in (place.visit_events, place.heartbeats):
        values: Any = app.dataframe(app.topic(topic, value_deserializer="bytes"))
        values.apply(row_of).filter(lambda row: row is not None).sink(recorder)
    app.run()


if __name__ == "__main__":
    count(Place.from_environ())
