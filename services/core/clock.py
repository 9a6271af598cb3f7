"""When did it happen? Event time of devices whose clock may lie.

A device states `occurred_at`, whether its clock was synced, and a monotonic time since boot. One
event of the same boot with a synced clock anchors that monotonic time to true time, and so repairs
every unsynced event of the boot, earlier and later ones. What can neither be believed nor repaired
is `uncertain`: it is placed where it was received, and counted apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from schemas.events import Event

CorrectionMethod = Literal["stated", "boot_anchor", "uncertain"]

TOLERANCE = timedelta(minutes=2)
"""A clock this far off is still believed; a stamp this far past its arrival is not."""
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Clocks without power restart in 1970 or 2000; nothing of ours happened before."""


@dataclass(frozen=True, slots=True)
class BootAnchor:
    """True time at monotonic zero of a boot, from the first synced event of it that came."""

    seq: int
    zero_at: datetime


def anchor_of(event: Event, *, received_at: datetime, horizon: timedelta) -> BootAnchor | None:
    """The anchor that an event gives its boot, when its clock was synced and can be believed."""
    believable = received_at - horizon <= event.occurred_at <= received_at + TOLERANCE
    if not event.clock.synced or event.occurred_at < EARLIEST or not believable:
        return None
    try:
        return BootAnchor(event.seq, event.occurred_at - timedelta(milliseconds=event.monotonic_ms))
    except OverflowError:
        return None


def correct(
    event: Event, *, received_at: datetime, anchor: BootAnchor | None, horizon: timedelta
) -> tuple[datetime, CorrectionMethod]:
    """The event's corrected time (UTC) and how it was found.

    An unsynced clock within `TOLERANCE` of the anchor is taken at its word. A time before
    `EARLIEST`, later than the arrival, or older than `horizon` by an unsynced clock, is not
    believed.
    """
    if anchor is not None and not event.clock.synced:
        try:
            anchored = anchor.zero_at + timedelta(milliseconds=event.monotonic_ms)
        except OverflowError:
            anchored = None
        if anchored is not None and EARLIEST <= anchored <= received_at + TOLERANCE:
            if abs(anchored - event.occurred_at) <= TOLERANCE:
                return event.occurred_at, "stated"
            return anchored, "boot_anchor"
    in_future = event.occurred_at > received_at + TOLERANCE
    too_old = not event.clock.synced and event.occurred_at < received_at - horizon
    if event.occurred_at < EARLIEST or in_future or too_old:
        return received_at, "uncertain"
    return event.occurred_at, "stated"
