"""A visit event as a row of table `visit_event`, in COPY's binary format, and its digest.

Binary, since the server then reads no times and ids from text, and JSON needs no escapes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from struct import Struct

from schemas.events import VisitEvent
from services.core.calendar import to_us
from services.core.clock import CorrectionMethod

_SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_END = b"\xff\xff"
_AT_A_TIME = 500
# Each field is its length, then its bytes: three times, three ids, a truth.
_FIXED = Struct("!h iq iq iq i16s i16s i16s i?")
_COLUMNS = 12
_POSTGRES_EPOCH_US = 946_684_800_000_000
_JSONB_VERSION = 1
_BODY = Struct("!ib")


def digest_of(body: bytes) -> int:
    """64 bits of an event's content, signed as PostgreSQL's bigint is."""
    return int.from_bytes(hashlib.blake2b(body, digest_size=8).digest(), signed=True)


def event_row(
    event: VisitEvent, body: bytes, *, at_us: int, method: CorrectionMethod, received_us: int
) -> bytes:
    """The row, its columns in the order of statement `copy_events`.

    `body` is the event as `encode` writes it; `at_us` is its corrected time, by `method`.
    """
    occurred_us = at_us if method == "stated" else to_us(event.occurred_at)
    fixed = _FIXED.pack(
        *(_COLUMNS, 8, at_us - _POSTGRES_EPOCH_US),
        *(8, occurred_us - _POSTGRES_EPOCH_US),
        *(8, received_us - _POSTGRES_EPOCH_US),
        *(16, event.event_id.bytes, 16, event.visit_id.bytes, 16, event.boot_id.bytes),
        *(1, event.clock.synced),
    )
    return b"".join(
        (
            *(fixed, _text(event.type), _text(event.site), _text(event.source), _text(method)),
            *(_BODY.pack(len(body) + 1, _JSONB_VERSION), body),
        )
    )


# Of codes, a few hundred.
@lru_cache(maxsize=10_000)
def _text(value: str) -> bytes:
    written = value.encode()
    return len(written).to_bytes(4) + written


def blocks(rows: Iterable[bytes]) -> Iterator[bytes]:
    """Rows as a whole COPY, in blocks that are sent at once."""
    rows = list(rows)
    yield _SIGNATURE
    for start in range(0, len(rows), _AT_A_TIME):
        yield b"".join(rows[start : start + _AT_A_TIME])
    yield _END
