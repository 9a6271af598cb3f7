"""What a batch says of the devices that sent it: sequence numbers, clock anchors, coverage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from schemas.events import DeviceEvent, Heartbeat, VisitEvent
from services.core.clock import EARLIEST, BootAnchor, correct
from services.core.coverage import covered_minutes
from services.core.decisions import BACKFILL_HORIZON, Accepted
from services.processor.store import BootRow


class Report(NamedTuple):
    """An event as a sign of its device."""

    event: VisitEvent | DeviceEvent
    received_at: datetime
    anchor: BootAnchor | None
    accepted: Accepted | None = None
    """When the event counts: it is dated already."""

    @property
    def reported_to(self) -> datetime:
        """Event time that the device has reached; a time nobody can know reaches nowhere."""
        if self.accepted is not None:
            return EARLIEST if self.accepted.method == "uncertain" else self.accepted.corrected_at
        at, method = correct(
            self.event, received_at=self.received_at, anchor=self.anchor, horizon=BACKFILL_HORIZON
        )
        return EARLIEST if method == "uncertain" else at


def boot_rows(reports: Iterable[Report]) -> list[BootRow]:
    """One row for each boot of each device in the batch."""
    by_boot: dict[tuple[str, UUID], list[Report]] = defaultdict(list)
    for report in reports:
        by_boot[report.event.source, report.event.boot_id].append(report)
    return [_boot_row(device, boot_id, items) for (device, boot_id), items in by_boot.items()]


def _boot_row(device: str, boot_id: UUID, reports: list[Report]) -> BootRow:
    heartbeats = [r.event for r in reports if isinstance(r.event, Heartbeat)]
    newest = max(heartbeats, key=lambda event: event.seq, default=None)
    return BootRow(
        device=device,
        boot_id=boot_id,
        site=reports[0].event.site,
        seqs=multirange(report.event.seq for report in reports),
        anchor=reports[0].anchor,
        last_occurred_at=max(report.reported_to for report in reports),
        last_received_at=max(report.received_at for report in reports),
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
