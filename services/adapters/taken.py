"""What has been taken of each export, so that an interrupted or repeated run takes the rest."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from services.adapters.errors import SourceUnavailable
from services.adapters.sources import Listed

_TABLES = """
CREATE TABLE IF NOT EXISTS sighting (
    name TEXT PRIMARY KEY, size INTEGER NOT NULL, modified REAL NOT NULL, seen_at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS export (
    name TEXT PRIMARY KEY, size INTEGER NOT NULL, modified REAL NOT NULL, sha256 TEXT NOT NULL,
    rows INTEGER NOT NULL, is_done INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A file as it was when it was first seen like this."""

    listed: Listed
    seen_at: float
    """Seconds since 1970, by this machine's clock."""


class Taken:
    """A SQLite file with a line for each export; what it returns was on the disk."""

    def __init__(self, path: Path) -> None:
        """Raises SourceUnavailable when the file cannot be opened."""
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.executescript(_TABLES)
        except (OSError, sqlite3.Error) as error:
            raise SourceUnavailable(
                f"{path} cannot be opened ({error}). Remedy: correct PASSAGE_ADAPTERS_STATE, or let"
                " this user write there"
            ) from None

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def sighted(self, listed: Listed, now: float) -> Sighting:
        """Since when the file has looked as it does now."""
        row = self._connection.execute(
            "SELECT seen_at FROM sighting WHERE (name, size, modified) = (?, ?, ?)",
            (listed.name, listed.size, listed.modified),
        ).fetchone()
        if row is not None:
            return Sighting(listed, row[0])
        self._connection.execute(
            "INSERT OR REPLACE INTO sighting (name, size, modified, seen_at) VALUES (?, ?, ?, ?)",
            (listed.name, listed.size, listed.modified, now),
        )
        return Sighting(listed, now)

    def is_done(self, listed: Listed) -> bool:
        """Whether all of it was taken, and it has not changed since by its size and its time."""
        row = self._connection.execute(
            "SELECT is_done FROM export WHERE (name, size, modified) = (?, ?, ?)",
            (listed.name, listed.size, listed.modified),
        ).fetchone()
        return row is not None and bool(row[0])

    def begin(self, listed: Listed, sha256: str) -> tuple[int, bool]:
        """How many rows of this content were taken, and whether that is all of it."""
        row = self._connection.execute(
            "SELECT rows, is_done FROM export WHERE (name, sha256) = (?, ?)", (listed.name, sha256)
        ).fetchone()
        rows, is_done = row or (0, 0)
        self._connection.execute(
            "INSERT OR REPLACE INTO export (name, size, modified, sha256, rows, is_done)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (listed.name, listed.size, listed.modified, sha256, rows, is_done),
        )
        return rows, bool(is_done)

    def advance(self, name: str, rows: int) -> None:
        """So many rows of the file are taken."""
        self._connection.execute("UPDATE export SET rows = ? WHERE name = ?", (rows, name))

    def finish(self, name: str) -> None:
        """All of the file is taken."""
        self._connection.execute("UPDATE export SET is_done = 1 WHERE name = ?", (name,))
        self._connection.execute("DELETE FROM sighting WHERE name = ?", (name,))
