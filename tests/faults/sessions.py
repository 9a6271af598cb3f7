"""What the database server knows of the workers: how far they are, and what they do just now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tests.conftest import eventually
from tests.pipeline import Worker


@dataclass(frozen=True)
class Session:
    """A worker's connection, as `pg_stat_activity` has it."""

    pid: int
    state: str
    wait_event_type: str | None
    wait_event: str | None
    has_written: bool
    """Whether it is inside a batch of which some rows are written, not committed."""

    @property
    def is_settled(self) -> bool:
        """Whether nothing changes any more as long as the worker says nothing."""
        return self.state != "active" or self.wait_event == "ClientRead" or self.waits_for_lock

    @property
    def waits_for_lock(self) -> bool:
        return self.wait_event_type == "Lock"


class Sessions:
    """A superuser's look at one database; it connects again when the server was away."""

    def __init__(self, admin: str, database: str) -> None:
        self.database = str(conninfo_to_dict(database)["dbname"])
        self._admin = admin
        self._connection: psycopg.Connection[Any] | None = None

    def rows(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        try:
            return self._execute(query, parameters).fetchall()
        except psycopg.OperationalError:
            self.close()
            return self._execute(query, parameters).fetchall()

    def do(self, statement: str) -> None:
        """Execute a statement that returns nothing."""
        self._execute(statement, None)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def recorded(self) -> int:
        """How many different events of visits and devices are recorded so far."""
        [(events,)] = self.rows(
            "SELECT coalesce(sum(upper(seq) - lower(seq)), 0)::bigint"
            " FROM device_boot, unnest(seqs) AS seq"
        )
        return int(events)

    def of_workers(self) -> list[Session]:
        """The workers' connections to this database."""
        rows = self.rows(
            "SELECT pid, coalesce(state, ''), wait_event_type, wait_event, EXISTS ("
            " SELECT FROM pg_locks WHERE pg_locks.pid = activity.pid"
            " AND relation = 'event_seen'::regclass AND mode = 'RowExclusiveLock')"
            " FROM pg_stat_activity AS activity"
            " WHERE datname = %(database)s AND application_name = 'passage-processor' ORDER BY pid",
            database=self.database,
        )
        return [Session(*row) for row in rows]

    def held_up(self) -> list[Session]:
        """The workers' connections that wait for locks, once one of them is well into a batch."""
        waiting = [session for session in self.of_workers() if session.waits_for_lock]
        return waiting if any(session.has_written for session in waiting) else []

    def cut(self, pid: int) -> None:
        """End a connection, as an administrator may or a network does."""
        self.rows("SELECT pg_terminate_backend(%(pid)s)", pid=pid)

    def cut_workers(self) -> None:
        """End every connection of a worker."""
        for session in self.of_workers():
            self.cut(session.pid)

    @contextmanager
    def locked(self, table: str) -> Iterator[Callable[[], None]]:
        """Let nobody write to a table; what is given lets them again."""
        with psycopg.connect(self._admin, dbname=self.database) as holder:
            holder.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")  # type: ignore[arg-type]
            yield holder.rollback

    def _execute(self, query: str, parameters: dict[str, Any] | None) -> psycopg.Cursor[Any]:
        if self._connection is None:
            self._connection = psycopg.connect(
                self._admin, dbname=self.database, autocommit=True, connect_timeout=5
            )
        return self._connection.execute(query, parameters)  # type: ignore[arg-type]


def freeze_in_batch(
    worker: Worker,
    sessions: Sessions,
    *,
    point: int,
    states: tuple[str, ...] = ("active", "idle in transaction"),
) -> None:
    """Freeze a lone worker in the middle of a batch, once `point` events are recorded.

    `states` are those of its session: active, while it sends rows, or idle between statements.
    """

    def frozen_there() -> bool:
        if sessions.recorded() < point:
            return False
        worker.freeze()
        # The server finishes what it was asked last; then the sessions say where the lanes are.
        eventually(lambda: all(s.is_settled for s in sessions.of_workers()), every_s=0.001)
        if any(s.has_written and s.state in states for s in sessions.of_workers()):
            return True
        worker.resume()
        return False

    eventually(frozen_there, deadline_s=60, every_s=0.002)
