"""The device's durable queue: what it took survives a power cut until the broker has it too."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar, cast
from uuid import UUID

from schemas.codec import encode
from schemas.events import DeviceEvent, VisitEvent
from services.edge.errors import OutboxFull
from services.edge.outbox_entries import Entry, OutboxStatus, Refused
from services.edge.outbox_file import OutboxFile, damaged
from services.edge.sequence import in_sequence

MEBIBYTE = 1024 * 1024
MAX_BYTES = 256 * MEBIBYTE
MIN_FREE_BYTES = 64 * MEBIBYTE
BUSY_TIMEOUT_S = 10.0

E = TypeVar("E", bound=VisitEvent | DeviceEvent)


class Outbox:
    """A bounded queue in SQLite that several threads and processes of one device share.

    Whatever `append` returned is on the disk: WAL with `synchronous=FULL` waits for the disk at
    each commit. NORMAL would be faster and lose the last tickets at a power cut, which is how
    kiosks are switched off. Events leave by `acknowledge` or `refuse` only; when there is no room
    `append` raises `OutboxFull` and drops nothing. The room of acknowledged events is used again.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int = MAX_BYTES,
        min_free_bytes: int = MIN_FREE_BYTES,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
    ) -> None:
        self.path = Path(path)
        self.max_bytes = max_bytes
        self.min_free_bytes = min_free_bytes
        self._file = OutboxFile(self.path, busy_timeout_s)
        with self._file.reading() as connection:
            self.id = UUID(_noted(connection, "outbox_id"))
            """Given at creation: a replaced outbox has another."""

    def append(self, events: Sequence[E]) -> list[E]:
        """Write events in one transaction, each with the next `seq` of its source and boot.

        Returns them as written, once they are on the disk: all or none. The `seq` that they came
        with is replaced.
        """
        with self._file.transaction() as connection:
            if self._disk_free_bytes() < self.min_free_bytes:
                raise self._full(connection)
            numbered = in_sequence(connection, events)
            connection.executemany(
                "INSERT INTO event (event_id, type, occurred_at, body) VALUES (?, ?, ?, ?)",
                [(str(e.event_id), e.type, e.occurred_at.isoformat(), encode(e)) for e in numbered],
            )
            if _used_bytes(connection) > self.max_bytes:
                raise self._full(connection, too_many=len(numbered))
        return numbered

    def pending(self, limit: int) -> list[Entry]:
        """The oldest waiting events, in the order in which they were written."""
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT position, event_id, type, occurred_at, body, received_at FROM event"
                " ORDER BY position LIMIT ?",
                (limit,),
            )
            return [Entry(*row) for row in rows]

    def acknowledge(self, positions: Sequence[int]) -> None:
        """Forget events that the broker has acknowledged."""
        with self._file.transaction() as connection:
            connection.executemany(
                "DELETE FROM event WHERE position = ?", [(position,) for position in positions]
            )
            _note(connection, last_acknowledged_at=_now(), problem=None, problem_since=None)

    def refuse(self, position: int, reason: str) -> None:
        """Put an event aside that can never be delivered, so that the others may pass."""
        with self._file.transaction() as connection:
            connection.execute(
                "INSERT INTO refused SELECT event_id, type, occurred_at, body, ?, ? FROM event"
                " WHERE position = ?",
                (_now(), reason, position),
            )
            connection.execute("DELETE FROM event WHERE position = ?", (position,))

    def refused(self) -> list[Refused]:
        """The events put aside, oldest first."""
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT event_id, type, occurred_at, refused_at, reason FROM refused ORDER BY rowid"
            )
            return [Refused(*row) for row in rows]

    def retry_refused(self) -> int:
        """Put every refused event back at the end of the queue; returns how many."""
        with self._file.transaction() as connection:
            moved = connection.execute(
                "INSERT INTO event (event_id, type, occurred_at, body)"
                " SELECT event_id, type, occurred_at, body FROM refused ORDER BY rowid"
            ).rowcount
            connection.execute("DELETE FROM refused")
            return int(moved)

    def report_problem(self, problem: str) -> None:
        """Remember why delivery stands still, for `status`; the next acknowledgement clears it."""
        with self._file.transaction() as connection:
            if _noted(connection, "problem") != problem:
                _note(connection, problem=problem, problem_since=_now())

    def enqueue(self, entries: Sequence[Entry]) -> list[int]:
        """Put events of others at the end of the queue, as they are: their devices numbered them.

        Returns their places, once they are on the disk: all or none.
        """
        with self._file.transaction() as connection:
            if self._disk_free_bytes() < self.min_free_bytes:
                raise self._full(connection)
            places = [
                connection.execute(
                    "INSERT INTO event (event_id, type, occurred_at, body, received_at)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (e.event_id, e.type, e.occurred_at, e.body, e.received_at),
                ).lastrowid
                for e in entries
            ]
            if _used_bytes(connection) > self.max_bytes:
                raise self._full(connection, too_many=len(entries))
        return cast(list[int], places)

    def require_sound(self) -> None:
        """Read the whole file; raises OutboxCorrupted when any part of it is damaged."""
        with self._file.reading() as connection:
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise damaged(self.path, verdict)

    def depth(self) -> int:
        """How many events wait."""
        with self._file.reading() as connection:
            return int(connection.execute("SELECT count(*) FROM event").fetchone()[0])

    def status(self) -> OutboxStatus:
        """What it holds and how much room is left."""
        with self._file.reading() as connection:
            depth, oldest = _depth_and_oldest(connection)
            return OutboxStatus(
                depth=depth,
                refused=connection.execute("SELECT count(*) FROM refused").fetchone()[0],
                oldest_occurred_at=oldest,
                used_bytes=_used_bytes(connection),
                max_bytes=self.max_bytes,
                disk_free_bytes=self._disk_free_bytes(),
                min_free_bytes=self.min_free_bytes,
                last_acknowledged_at=_noted(connection, "last_acknowledged_at"),
                problem=_noted(connection, "problem"),
                problem_since=_noted(connection, "problem_since"),
            )

    def close(self) -> None:
        """Let go of the file; what it holds stays, and the next call opens it again."""
        self._file.close()

    def _disk_free_bytes(self) -> int:
        return shutil.disk_usage(self.path.parent).free

    def _full(self, connection: sqlite3.Connection, too_many: int = 0) -> OutboxFull:
        depth, oldest = _depth_and_oldest(connection)
        depth -= too_many
        held = f"{depth} events wait" + (f", the oldest from {oldest}" if depth else "")
        free = self._disk_free_bytes()
        if free < self.min_free_bytes:
            cause = (
                f"the disk has {_mb(free)} MB free and {_mb(self.min_free_bytes)} MB must stay free"
            )
            remedy = "free disk space, or lower PASSAGE_OUTBOX_MIN_FREE_MB"
        else:
            cause = (
                f"{_mb(_used_bytes(connection))} MB would pass its limit of "
                f"{_mb(self.max_bytes)} MB"
            )
            remedy = (
                "see in `passage edge status` why delivery stands still, "
                "or raise PASSAGE_OUTBOX_MAX_MB"
            )
        return OutboxFull(
            f"outbox {self.path} is full: {cause}; {held}; nothing was written and nothing was "
            f"dropped. Remedy: {remedy}"
        )


def _depth_and_oldest(connection: sqlite3.Connection) -> tuple[int, str | None]:
    depth, oldest = connection.execute(
        "SELECT count(*), (SELECT occurred_at FROM event ORDER BY position LIMIT 1) FROM event"
    ).fetchone()
    return depth, oldest


def _used_bytes(connection: sqlite3.Connection) -> int:
    # Inside the transaction this counts its own pages too; freed pages are room, not use.
    pages, free, page_bytes = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * page_bytes)


def _noted(connection: sqlite3.Connection, name: str) -> str | None:
    row = connection.execute("SELECT value FROM note WHERE name = ?", (name,)).fetchone()
    return row[0] if row else None


def _note(connection: sqlite3.Connection, **values: str | None) -> None:
    connection.executemany(
        "INSERT INTO note (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        list(values.items()),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _mb(size_bytes: int) -> str:
    return f"{size_bytes / MEBIBYTE:.1f}"
