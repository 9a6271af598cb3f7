"""Bytewax: a dataflow from Kafka into a sink of one's own, with its recovery switched on.

Not guaranteed by the engine: a sink that keeps no state in its snapshots is written to at least
once. Here the database tells a repetition from an event by its id. Where it had got to is in files
of this machine, not in Kafka: a worker cannot go on elsewhere without them.

Started by `python -m bytewax.run`, which is given this module and the snapshots' interval.
"""

from __future__ import annotations

from typing import Any

from bytewax import operators as op
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition

from benchmarks.peers.job import BatchSink, Place, row_of


class Partition(StatelessSinkPartition[tuple[Any, ...]]):
    """Records what comes, as it comes: a batch is what one poll of each partition brought."""

    def __init__(self, database: str) -> None:
        self._sink = BatchSink(database)

    def write_batch(self, items: list[tuple[Any, ...]]) -> None:
        """One transaction."""
        self._sink.write(items)


class Recorder(DynamicSink[tuple[Any, ...]]):
    """A connection for each worker."""

    def __init__(self, database: str) -> None:
        self._database = database

    def build(self, step_id: str, worker_index: int, worker_count: int) -> Partition:
        """As Bytewax asks for it."""
        return Partition(self._database)


def flow() -> Dataflow:
    """Both topics, validated, into the database."""
    place = Place.from_environ()
    dataflow = Dataflow("passages")
    topics = [place.visit_events, place.heartbeats]
    messages = op.input("messages", dataflow, KafkaSource([place.kafka], topics))
    rows = op.filter_map("validated", messages, lambda message: row_of(message.value or b""))
    op.output("recorded", rows, Recorder(place.database))
    return dataflow
