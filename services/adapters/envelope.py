"""What every event states of its device, said for a system that has no boots and counts nothing.

The honest value is one that claims nothing and is the same at each delivery: one boot for ever, the
first number of it, no monotonic time. So no gap is ever seen, no clock is ever repaired, and what a
vendor sends again is the same event, byte by byte.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from services.adapters.mapping import Mapping

# Changing it would make every redelivery a new event.
NAMESPACE = UUID("0e2d8c1a-93f4-5b57-8f0e-6a4c21d7b9e3")


def envelope(
    mapping: Mapping, event_type: str, source: str, subject: str, at: datetime
) -> dict[str, Any]:
    """The fields that all events share; `subject` is what `event_type` happened to, at `at`."""
    key = f"event/{mapping.name}/{mapping.mode}/{subject}/{event_type}/{at.isoformat()}"
    # An unsynced clock has a boot of its own: it must never be set by what a synced one said.
    clock = "synced" if mapping.clock_synced else "unsynced"
    return {
        "event_id": str(uuid5(NAMESPACE, key)),
        "type": event_type,
        "version": 1,
        "source": source,
        "boot_id": str(uuid5(NAMESPACE, f"boot/{mapping.name}/{source}/{clock}")),
        "seq": 1,
        "monotonic_ms": 0,
        "occurred_at": at.isoformat(),
        "clock": {"synced": mapping.clock_synced},
        "mode": mapping.mode,
    }
