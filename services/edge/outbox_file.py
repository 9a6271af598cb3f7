"""The outbox's SQLite file: opened durably, shared by processes, its errors said in our words."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from services.edge.errors import OutboxBusy, OutboxCorrupted, OutboxFull, OutboxUnavailable

FORMAT = 1

# AUTOINCREMENT: a position is never used again, so acknowledging one can never hit a newer event.
_TABLES = """
CREATE TABLE IF NOT EXISTS event (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL, type TEXT NOT NULL, occurred_at TEXT NOT NULL, body BLOB NOT NULL,
    received_at TEXT);
CREATE TABLE IF NOT EXISTS refused (
    event_id TEXT NOT NULL, type TEXT NOT NULL, occurred_at TEXT NOT NULL, body BLOB NOT NULL,
    refused_at TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sequence (
    source TEXT NOT NULL, boot_id TEXT NOT NULL, last INTEGER NOT NULL,
    PRIMARY KEY (source, boot_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""


class OutboxFile:
    """One connection to the file, for all threads of this process; other processes have theirs."""

    def __init__(self, path: Path, busy_timeout_s: float) -> None:
        self.path = path
        self._busy_timeout_s = busy_timeout_s
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._inode: int | None = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write: all or nothing, on the disk when the block has ended."""
        with self._lock, self._explained():
            connection = self._open()
            # IMMEDIATE: wait for other writers here, not fail when a read turns into a write.
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read one consistent state; never waits for writers."""
        with self._lock, self._explained():
            connection = self._open()
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection:
        # A file that was set aside or deleted under us would take events that nobody ever delivers.
        if self._connection is not None and _inode(self.path) != self._inode:
            self.close()
        if self._connection is None:
            os.close(open_shared(self.path))
            connection = sqlite3.connect(
                self.path,
                timeout=self._busy_timeout_s,
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
            self._inode = _inode(self.path)
        return self._connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        _use_wal(connection, self._busy_timeout_s)
        connection.execute("PRAGMA synchronous = FULL")
        # Without a limit the write-ahead log keeps its largest size for ever.
        connection.execute("PRAGMA journal_size_limit = 4194304")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == FORMAT:
            _add_received_at(connection)
            return
        if version > FORMAT:
            raise OutboxUnavailable(
                f"outbox {self.path} has format {version}, newer than this program: upgrade passage"
            )
        connection.execute("BEGIN IMMEDIATE")
        for statement in _TABLES.split(";\n"):
            connection.execute(statement)
        connection.execute("INSERT OR IGNORE INTO note VALUES ('outbox_id', ?)", (str(uuid4()),))
        connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.execute("COMMIT")
        _sync_folder(self.path.parent)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            # The low byte is the primary code; the rest only refines it.
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise damaged(self.path, str(error)) from error
            if code == sqlite3.SQLITE_FULL:
                raise OutboxFull(
                    f"the disk under outbox {self.path} is full; nothing was written, nothing "
                    "was dropped. Remedy: free disk space"
                ) from error
            if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise OutboxBusy(
                    f"outbox {self.path} was held by another process for more than "
                    f"{self._busy_timeout_s:g} s; nothing was written. Remedy: try again"
                ) from error
            raise OutboxUnavailable(
                f"outbox {self.path} cannot be used ({error}). Remedy: check that this user may "
                "write in its folder, or set PASSAGE_OUTBOX"
            ) from error
        except OSError as error:
            raise OutboxUnavailable(
                f"outbox {self.path} cannot be used ({error.strerror}). Remedy: check that this "
                "user may write in its folder, or set PASSAGE_OUTBOX"
            ) from error


def damaged(path: Path, finding: str) -> OutboxCorrupted:
    """The error that says so."""
    return OutboxCorrupted(
        f"outbox {path} is damaged ({finding}); nothing was written and the file is left as it is. "
        "Remedy: `passage edge salvage` sets it aside and saves what can be read"
    )


def open_shared(path: Path) -> int:
    """A descriptor of the file, made when missing so that its group may write it too.

    The program that records and the one that delivers may be two users of one group; whatever the
    umask of the first, the second must get in. SQLite's log takes the rights of its file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o660)
    except FileExistsError:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)
    os.fchmod(descriptor, 0o660)
    return descriptor


def _inode(path: Path) -> int | None:
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:
        return None


def _use_wal(connection: sqlite3.Connection, timeout_s: float) -> None:
    # SQLite does not wait when two processes switch a new file to WAL at once, so we do.
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _add_received_at(connection: sqlite3.Connection) -> None:
    # Files of the first release lack it; that release reads and writes a file that has it.
    def missing() -> bool:
        columns = connection.execute("SELECT name FROM pragma_table_info('event')").fetchall()
        return ("received_at",) not in columns

    if missing():
        connection.execute("BEGIN IMMEDIATE")
        if missing():
            connection.execute("ALTER TABLE event ADD COLUMN received_at TEXT")
        connection.execute("COMMIT")


def _sync_folder(folder: Path) -> None:
    # A new file's name is only durable once its folder is.
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
