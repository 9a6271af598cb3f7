"""A worker as its own process, and a producer that speaks to the real broker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from services.stack.stack import Stack


@dataclass
class Worker:
    """One worker process of a consumer group."""

    environ: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> Worker:
        assert self.process is None
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.processor"],
                env={**os.environ, **self.environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self

    def kill(self) -> None:
        """SIGKILL: the worker has no say in it."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM, and its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(how)
        code = self.process.wait(timeout=30)
        self.process = None
        return code


@dataclass
class Pipeline:
    """Topics, a database and workers between them."""

    kafka: str
    prefix: str
    database: object
    environ: dict[str, str]
    folder: Path
    workers: list[Worker] = field(default_factory=list)

    def worker(self, **environ: str) -> Worker:
        """A started worker; it ends with the test."""
        log = self.folder / f"worker-{len(self.workers)}.log"
        worker = Worker({**self.environ, **environ}, log).start()
        self.workers.append(worker)
        return worker

    def publish(
        self,
        messages: Sequence[tuple[str, bytes | None, bytes | None]],
        compression: str | None = None,
    ) -> None:
        """Send (topic, key, value) and wait for the broker's acknowledgement of all."""
        producer = KafkaProducer(
            bootstrap_servers=self.kafka, acks="all", compression_type=compression, linger_ms=20
        )
        try:
            sent = [producer.send(self.prefix + t, key=k, value=v) for t, k, v in messages]
            producer.flush(timeout=60)
            for one in sent:
                one.get(timeout=1)
        finally:
            producer.close()

    def lag(self, group: str = "passage-processor") -> int:
        """Messages of all source topics that the group has not acknowledged."""
        consumer = KafkaConsumer(
            bootstrap_servers=self.kafka, group_id=self.prefix + group, enable_auto_commit=False
        )
        try:
            partitions = [
                TopicPartition(self.prefix + topic, p)
                for topic in ("visit-events", "heartbeats")
                for p in consumer.partitions_for_topic(self.prefix + topic) or ()
            ]
            ends = consumer.end_offsets(partitions)
            return sum(ends[tp] - (consumer.committed(tp) or 0) for tp in partitions)
        finally:
            consumer.close()

    def drained(self) -> bool:
        """True when the workers have acknowledged everything."""
        return self.lag() == 0


@pytest.fixture
def pipeline(stack: Stack, topics: str, database: object, tmp_path: Path) -> Iterator[Pipeline]:
    environ = {
        "PASSAGE_KAFKA": stack.environ()["PASSAGE_KAFKA"],
        "PASSAGE_DATABASE_WRITER": database.writer,  # type: ignore[attr-defined]
        "PASSAGE_TOPIC_PREFIX": topics,
        "PASSAGE_GROUP": f"{topics}passage-processor",
    }
    running = Pipeline(environ["PASSAGE_KAFKA"], topics, database, environ, tmp_path)
    yield running
    for worker in running.workers:
        worker.kill()


Eventually = Callable[..., object]
