"""A damaged outbox: kept for a person to look at, and what can be read of it delivered."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from services.edge.delivery_lock import DeliveryLock
from services.edge.errors import OutboxCorrupted
from services.edge.outbox import Outbox
from services.edge.outbox_entries import Entry

Opened = TypeVar("Opened", bound=Outbox)

_COLUMNS = "position, event_id, type, occurred_at, body"


@dataclass(frozen=True, slots=True)
class Salvage:
    """Where the damaged files are now, and how many waiting events were saved from them."""

    aside: Path
    saved: int


def damaged_copies(outbox: Path) -> list[Path]:
    """Folders of outboxes that were set aside, oldest first."""
    return sorted(outbox.parent.glob(f"{outbox.name}.damaged-*"))


def sound(path: Path, opened: Callable[[], Opened], log: logging.Logger) -> Opened:
    """The outbox at a path as `opened` opens it; a damaged one is set aside first, and `log` told.

    For services that nobody watches: they must go on by themselves, and say what they did.
    """
    try:
        outbox = opened()
        outbox.require_sound()
        return outbox
    except OutboxCorrupted as error:
        log.error("%s", error)
        done = salvage(path)
        log.error("the damaged outbox is kept in %s; %d events were saved", done.aside, done.saved)
        return opened()


def salvage(path: Path) -> Salvage:
    """Set the outbox's files aside, start a new one and put every readable event into it.

    Nothing is deleted. An event may be saved that the broker had already: it counts once, its id is
    the same. Processes that still hold the old file notice at their next write and move over.
    """
    with DeliveryLock(path):
        aside = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}")
        aside.mkdir()
        # The log first: an old log beside a new file would be replayed into it.
        for suffix in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                path.with_name(path.name + suffix).rename(aside / (path.name + suffix))
        entries = _readable(aside / path.name)
        # Without limits: what was taken once is not refused now.
        outbox = Outbox(path, max_bytes=2**63, min_free_bytes=0)
        try:
            outbox.enqueue(entries)
        finally:
            outbox.close()
    return Salvage(aside, len(entries))


def _readable(file: Path) -> list[Entry]:
    # From both ends up to the damage, which is usually one page.
    found: dict[int, Entry] = {}
    for order in ("ASC", "DESC"):
        with suppress(sqlite3.Error), closing(sqlite3.connect(file)) as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM event ORDER BY position {order}")
            for row in rows:
                if row[0] in found:
                    break
                found[row[0]] = Entry(*row)
    return [found[position] for position in sorted(found)]
