"""The numbers of a device's events: from 1 at each boot, without gaps, by whichever process."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TypeVar, cast

from schemas.events import DeviceEvent, VisitEvent

E = TypeVar("E", bound=VisitEvent | DeviceEvent)


def in_sequence(connection: sqlite3.Connection, events: Sequence[E]) -> list[E]:
    """The events with the next `seq` of their source and boot, in the outbox's transaction."""
    last: dict[tuple[str, str], int] = {}
    numbered = []
    for event in events:
        key = (event.source, str(event.boot_id))
        if key not in last:
            row = connection.execute(
                "SELECT last FROM sequence WHERE source = ? AND boot_id = ?", key
            ).fetchone()
            last[key] = row[0] if row else 0
        last[key] += 1
        numbered.append(cast(E, event.model_copy(update={"seq": last[key]})))
    connection.executemany(
        "INSERT INTO sequence (source, boot_id, last) VALUES (?, ?, ?)"
        " ON CONFLICT (source, boot_id) DO UPDATE SET last = excluded.last",
        [(*key, seq) for key, seq in last.items()],
    )
    return numbered
