"""Which minutes a device vouches for: what tells a zero from an unknown."""

from __future__ import annotations

from datetime import datetime

from services.core.calendar import BUCKET_MINUTES, BUCKET_US, to_us

_MINUTE_US = 60_000_000
_MIDDLE_US = _MINUTE_US // 2


def covered_minutes(at: datetime, covers_s: int) -> dict[int, int]:
    """Minutes in which a heartbeat's device could record, as bit masks by bucket start (µs, UTC).

    Bit m stands for minute m of the 15. A minute is covered when its middle is: consecutive
    heartbeats then cover every minute between them once, wherever in the minute they fall.
    """
    end_us = to_us(at)
    first = (end_us - covers_s * 1_000_000 + _MIDDLE_US) // _MINUTE_US
    last = (end_us + _MIDDLE_US) // _MINUTE_US
    masks: dict[int, int] = {}
    for minute in range(first, last):
        start_us = minute * _MINUTE_US // BUCKET_US * BUCKET_US
        masks[start_us] = masks.get(start_us, 0) | 1 << minute % BUCKET_MINUTES
    return masks
