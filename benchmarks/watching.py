"""How far a program has got, as the database and the broker tell it."""

from __future__ import annotations

from types import TracebackType

import psycopg
from kafka import KafkaAdminClient
from kafka.errors import KafkaError
from psycopg import sql

from schemas.topics import SOURCES

Counts = dict[tuple[object, ...], int]
"""Passages by (bucket start in ms, site, directorate, service, channel); no zeros."""


class Watch:
    """Asks, without touching the program: what it has counted, what it has acknowledged."""

    def __init__(self, kafka: str, database: str, prefix: str, group: str) -> None:
        self._admin = KafkaAdminClient(bootstrap_servers=kafka)
        self._connection = psycopg.connect(database, autocommit=True)
        self._topics = {prefix + topic.name for topic in SOURCES}
        self._group = group

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._admin.close()
        self._connection.close()

    def acknowledged(self) -> int:
        """Messages before the group's offsets."""
        try:
            offsets = self._admin.list_group_offsets({self._group: None})[self._group]
        except KafkaError:  # nobody has joined the group yet
            return 0
        return sum(
            max(0, one.offset) for place, one in offsets.items() if place.topic in self._topics
        )

    def passages(self, table: str) -> int:
        """The sum of a table's passages."""
        query = sql.SQL("SELECT coalesce(sum(passages), 0)::bigint FROM {}")
        row = self._connection.execute(query.format(sql.Identifier(table))).fetchone()
        return int(row[0]) if row else 0

    def counts(self, table: str) -> Counts:
        """All of a table's passages."""
        query = sql.SQL(
            "SELECT (extract(epoch FROM bucket_start) * 1000)::bigint, site, directorate, service,"
            " channel, passages FROM {} WHERE passages <> 0"
        )
        rows = self._connection.execute(query.format(sql.Identifier(table))).fetchall()
        return {tuple(row[:5]): int(row[5]) for row in rows}

    def sessions(self, since: float) -> int:
        """Sessions of others that the database opened before a time, in seconds since 1970."""
        row = self._connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
            " AND backend_start < to_timestamp(%s)",
            [since],
        ).fetchone()
        return int(row[0]) if row else 0
