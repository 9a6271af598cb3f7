"""What a batch says of the devices that sent it: sequence numbers, how far they are, coverage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from schemas.events import Heartbeat
from services.core.clock import EARLIEST, BootAnchor
from services.core.coverage import covered_minutes
from services.core.decisions import Accepted
from services.processor.store import BootRow


@dataclass(slots=True)
class BootReport:
    """One boot of one device, as the events of a batch tell of it."""

    device: str
    boot_id: UUID
    site: str
    last_received_at: datetime
    is_anchored: bool
    """True when the boot's anchor is known to be stored."""
    reported_to: datetime = EARLIEST
    """Event time that the device has reached; a time nobody can know reaches nowhere."""
    seqs: list[int] = field(default_factory=list)
    newest: Heartbeat | None = None

    def add_heartbeat(self, heartbeat: Heartbeat) -> None:
        """Take up what a heartbeat says of the device itself, when it is the newest."""
        if self.newest is None or heartbeat.seq > self.newest.seq:
            self.newest = heartbeat

    def row(self, anchor: BootAnchor | None) -> BootRow:
        """The row of the boot, with its anchor where that is known."""
        newest = self.newest
        return BootRow(
            device=self.device,
            boot_id=self.boot_id,
            site=self.site,
            seqs=multirange(self.seqs),
            anchor=anchor,
            last_occurred_at=self.reported_to,
            last_received_at=self.last_received_at,
            outbox_depth=newest.outbox_depth if newest else None,
            software=newest.software if newest else None,
        )


def multirange(seqs: Iterable[int]) -> str:
    """Whole numbers as PostgreSQL's int8multirange: 1, 2, 3, 7 give `{[1,4),[7,8)}`."""
    ranges: list[list[int]] = []
    for seq in sorted(set(seqs)):
        if ranges and ranges[-1][1] == seq:
            ranges[-1][1] = seq + 1
        else:
            ranges.append([seq, seq + 1])
    return "{" + ",".join(f"[{start},{end})" for start, end in ranges) + "}"


def coverage(accepted: Iterable[Accepted]) -> dict[tuple[int, str, str], int]:
    """Minutes that the batch's heartbeats vouch for, as masks by bucket (µs), site and device.

    A heartbeat of which nobody knows when it happened vouches for nothing.
    """
    minutes: dict[tuple[int, str, str], int] = defaultdict(int)
    for item in accepted:
        if isinstance(item.event, Heartbeat) and item.method != "uncertain":
            masks = covered_minutes(item.corrected_at, item.event.covers_s)
            for bucket_us, mask in masks.items():
                minutes[bucket_us, item.event.site, item.event.source] |= mask
    return minutes
