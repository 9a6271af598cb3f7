"""What the peers in Python have in common: where to read and write, and what a passage is."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from schemas.codec import InvalidEvent, decode
from schemas.events import CheckedIn, DeviceEvent, TicketIssued, VisitEvent
from schemas.queries import load_queries
from schemas.topics import HEARTBEATS, VISIT_EVENTS

SQL = load_queries("benchmarks.peers")
BATCH_EVENTS = 10_000
SHOW_EVERY_S = 1.0
"""How old a count may be for a board; every engine that can be told so writes this often."""

_TYPES = ("uuid", "text", "text", "timestamptz", "text", "timestamptz", *["text"] * 4)


@dataclass(frozen=True)
class Place:
    """Where one run reads and writes."""

    kafka: str
    database: str
    prefix: str
    group: str
    state: Path
    """A folder that outlives the process."""

    @classmethod
    def from_environ(cls) -> Place:
        """As the benchmark says it."""
        return cls(
            os.environ["PASSAGE_KAFKA"],
            os.environ["PASSAGE_DATABASE_OWNER"],
            os.environ["PASSAGE_TOPIC_PREFIX"],
            os.environ["PASSAGE_GROUP"],
            Path(os.environ["PEER_STATE"]),
        )

    @property
    def visit_events(self) -> str:
        return self.prefix + VISIT_EVENTS.name

    @property
    def heartbeats(self) -> str:
        return self.prefix + HEARTBEATS.name


class Passage(NamedTuple):
    """The counter in which an arrival is counted."""

    bucket_start: datetime
    site: str
    directorate: str
    service: str
    channel: str


def passage_of(event: VisitEvent | DeviceEvent | InvalidEvent) -> Passage | None:
    """The counter of an arrival: a ticket, or a check-in without one; None for other events."""
    if not isinstance(event, TicketIssued | CheckedIn) or event.mode == "test":
        return None
    if isinstance(event, CheckedIn) and event.number is not None:
        return None
    at = event.occurred_at
    return Passage(
        at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0),
        event.site,
        event.directorate,
        event.service,
        event.channel,
    )


class BatchSink:
    """Records batches of events and their passages, each in one transaction, each event once."""

    def __init__(self, database: str) -> None:
        self._connection = psycopg.connect(database, autocommit=True)
        self._connection.execute(SQL["create_arriving"])

    def record(self, values: Iterable[bytes]) -> None:
        """Validate and record; what is no event is passed over."""
        self.write(row for value in values if (row := row_of(value)) is not None)

    def write(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Record what `row_of` made of messages."""
        with self._connection.transaction(), self._connection.cursor() as cursor:
            with cursor.copy(SQL["copy_arriving"]) as copy:
                copy.set_types(_TYPES)
                for row in rows:
                    copy.write_row(row)
            cursor.execute(SQL["record"])


def row_of(value: bytes) -> tuple[Any, ...] | None:
    """A validated event as a row of table `peer_event`."""
    event = decode(value)
    if isinstance(event, InvalidEvent):
        return None
    passage = passage_of(event)
    return (
        event.event_id,
        event.type,
        event.source,
        event.occurred_at,
        value.decode(),
        passage.bucket_start if passage else None,
        event.site,
        passage.directorate if passage else None,
        passage.service if passage else None,
        passage.channel if passage else None,
    )
