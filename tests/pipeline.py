"""A pipeline to test: topics, a database, workers as their own processes, and the true counts."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from services.audit.audit import audit, extent, unbalanced
from services.audit.days import day_differences, days
from services.core.decisions import RegistryIndex
from services.core.footfall import MEASURES
from services.runtime.registry import read_registry_async
from services.simulator.messages import as_messages
from services.simulator.simulation import Simulation

NOT_IN_THE_TRUTH = ("direct", "redirected", "last_call_waits", "last_call_wait_ms")
COMPARED = tuple(m for m in MEASURES if m not in NOT_IN_THE_TRUTH)

Buckets = dict[tuple[Any, ...], dict[str, int]]


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

    def freeze(self) -> None:
        """SIGSTOP: the process stays, with its connections, and does nothing any more."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def resume(self) -> None:
        """SIGCONT: the process goes on where it was frozen."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def is_running(self) -> bool:
        """Whether the process that was started last still lives."""
        return self.process is not None and self.process.poll() is None

    def said(self, beginning: str) -> list[dict[str, Any]]:
        """The lines of its log whose message begins so, of all its lives."""
        lines = []
        for line in self.log.read_text().splitlines():
            # The last one may be written just now, or was cut off by a kill.
            if line.endswith("}"):
                entry = json.loads(line[line.index("{") :])
                if entry["message"].startswith(beginning):
                    lines.append(entry)
        return lines

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
    database: Any
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


def counted(database: Any) -> Buckets:
    """The counts in the database, by bucket; measures that are zero are left out."""
    columns = ", ".join(f'"{m}"' for m in COMPARED)
    rows = database.rows(
        "SELECT (extract(epoch FROM bucket_start) * 1000)::bigint, site, directorate, service,"
        f" channel, {columns} FROM footfall"
    )
    found = {row[:5]: {m: n for m, n in zip(COMPARED, row[5:], strict=True) if n} for row in rows}
    return {key: row for key, row in found.items() if row}


def true(simulation: Simulation) -> Buckets:
    """What a perfect observer counted, in the form of `counted`."""
    return {
        tuple(key): {m: n for m, n in row.items() if n}
        for key, row in simulation.truth.buckets.items()
    }


def messages_of(simulation: Simulation) -> list[tuple[str, bytes, bytes]]:
    """(topic, key, value) of every event, in order of time."""
    return [(m.topic, m.key, m.value) for m in as_messages(simulation)]


def audit_findings(database: Any) -> list[object]:
    """What `passage audit` finds: wrong buckets or days, ledgers out of balance."""

    async def find() -> list[object]:
        connection = await psycopg.AsyncConnection.connect(database.writer, autocommit=True)
        async with connection:
            registry = RegistryIndex((await read_registry_async(connection))[1])
            span = await extent(connection)
            assert span is not None
            found: list[object] = []
            async for _, differences in audit(connection, registry, *span):
                found += differences
            kept_days = await days(connection)
            assert kept_days is not None
            found += await day_differences(connection, *kept_days)
            return found + list(await unbalanced(connection))

    return asyncio.run(find())
