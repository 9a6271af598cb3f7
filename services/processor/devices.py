"""What a batch says of the devices that sent it: sequence numbers, clock anchors, coverage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from uuid import UUID

from schemas.events import DeviceEvent, Heartbeat, VisitEvent
from services.core.clock import BootAnchor
from services.core.coverage import covered_minutes
from services.core.decisions import Accepted
from services.processor.messages import Message
from services.processor.store import BootRow


def boot_rows(
    received: Iterable[tuple[Message, VisitEvent | DeviceEvent]],
    anchors: Mapping[UUID, BootAnchor],
) -> list[BootRow]:
    """One row for each boot of each device in the batch."""
    by_boot: dict[tuple[str, UUID], list[tuple[Message, VisitEvent | DeviceEvent]]]
    by_boot = defaultdict(list)
    for message, event in received:
        by_boot[event.source, event.boot_id].append((message, event))
    return [
        _boot_row(device, boot_id, items, anchors.get(boot_id))
        for (device, boot_id), items in by_boot.items()
    ]


def _boot_row(
    device: str,
    boot_id: UUID,
    items: list[tuple[Message, VisitEvent | DeviceEvent]],
    anchor: BootAnchor | None,
) -> BootRow:
    events = [event for _, event in items]
    heartbeats = [event for event in events if isinstance(event, Heartbeat)]
    newest = max(heartbeats, key=lambda event: event.seq, default=None)
    return BootRow(
        device=device,
        boot_id=boot_id,
        site=events[0].site,
        seqs=multirange(event.seq for event in events),
        anchor=anchor,
        last_occurred_at=max(event.occurred_at for event in events),
        last_received_at=max(message.received_at for message, _ in items),
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
