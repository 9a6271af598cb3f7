"""A device with a virtual clock and an outbox of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from services.edge.device import Device
from services.edge.outbox import Outbox


class VirtualClock:
    """Stands still until it is moved."""

    boot_id = UUID(int=1)
    synced = True
    offset_ms: int | None = 3

    def __init__(self) -> None:
        self.since_boot = timedelta()

    def now(self) -> datetime:
        return datetime(2026, 3, 2, 8, 0, tzinfo=UTC) + self.since_boot

    def monotonic_ms(self) -> int:
        return int(self.since_boot.total_seconds() * 1000)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox(tmp_path / "outbox.db", min_free_bytes=0)
    yield outbox
    outbox.close()


@pytest.fixture
def device(outbox: Outbox, clock: VirtualClock) -> Device:
    return Device("creteil-kiosk-1", "creteil", outbox, clock)
