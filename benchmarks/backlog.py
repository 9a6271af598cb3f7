"""A backlog for benchmarks: simulated days as messages, what a perfect observer counted of them,
and both of them again from disk the next time."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import psycopg
from kafka import KafkaProducer
from psycopg import sql

from schemas.registry import Registry
from services.core.footfall import MEASURES
from services.simulator.messages import as_messages
from services.simulator.simulation import generate

SCALE = 4.0
"""Halls so many times as busy as the simulated prefecture: fewer heartbeats among the visits."""
NOT_IN_THE_TRUTH = frozenset({"direct", "redirected", "last_call_waits", "last_call_wait_ms"})
COMPARED = tuple(m for m in MEASURES if m not in NOT_IN_THE_TRUTH)

Buckets = dict[tuple[object, ...], dict[str, int]]


@dataclass(frozen=True)
class Backlog:
    """Messages in order of time as (topic without prefix, key, value), and their true counts."""

    messages: list[tuple[str, bytes, bytes]]
    truth: Buckets
    """Measures by (bucket start in ms, site, directorate, service, channel); no zeros."""


def backlog(registry: Registry, last_day: date, events: int, cache: Path) -> Backlog:
    """Whole days up to `last_day`, as many as it takes to have so many events or more."""
    file = cache / f"backlog-{last_day}-{events}.pickle"
    if not file.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        file.write_bytes(pickle.dumps(_generate(registry, last_day, events)))
    found: Backlog = pickle.loads(file.read_bytes())  # our own file, of the line above
    return found


def _generate(registry: Registry, last_day: date, events: int) -> Backlog:
    days: list[list[tuple[str, bytes, bytes]]] = []
    truth: Buckets = {}
    day = last_day
    while sum(map(len, days)) < events:
        simulation = generate(registry, day, scale=SCALE)
        days.insert(0, [(m.topic, m.key, m.value) for m in as_messages(simulation)])
        for key, row in simulation.truth.buckets.items():
            truth[tuple(key)] = {measure: n for measure, n in row.items() if n}
        day -= timedelta(days=1)
    return Backlog([message for one in days for message in one], truth)


def publish(
    kafka: str,
    prefix: str,
    messages: Iterable[tuple[str, bytes, bytes]],
    compression: str | None,
) -> None:
    """Send the messages and wait until the broker has them all."""
    producer = KafkaProducer(
        bootstrap_servers=kafka,
        acks="all",
        compression_type=compression,
        linger_ms=50,
        batch_size=128 * 1024,
    )
    try:
        sent = [producer.send(prefix + topic, key=k, value=v) for topic, k, v in messages]
        producer.flush(timeout=300)
        for one in sent:
            one.get(timeout=1)
    finally:
        producer.close()


def counted(database: str) -> Buckets:
    """The counts in the database, in the form of `Backlog.truth`."""
    columns = sql.SQL(", ").join(map(sql.Identifier, COMPARED))
    query = sql.SQL(
        "SELECT (extract(epoch FROM bucket_start) * 1000)::bigint, site, directorate, service,"
        " channel, {} FROM footfall"
    ).format(columns)
    with psycopg.connect(database) as connection:
        rows = connection.execute(query).fetchall()
    found = {row[:5]: {m: n for m, n in zip(COMPARED, row[5:], strict=True) if n} for row in rows}
    return {key: row for key, row in found.items() if row}
