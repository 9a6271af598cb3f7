"""What a device knows of time: its wall clock, its boot, whether a time server set the clock."""

from __future__ import annotations

import ctypes
import time
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID, uuid4, uuid5

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_PROCESS_BOOT_ID = uuid4()
_STA_UNSYNC = 0x0040
_TIME_ERROR = 5


class DeviceClock(Protocol):
    """Every reading of time that an event carries; the simulator passes a virtual one."""

    @property
    def boot_id(self) -> UUID:
        """Changes at each boot."""

    @property
    def synced(self) -> bool:
        """True when a time server has set the clock."""

    @property
    def offset_ms(self) -> int | None:
        """Estimated device time minus true time; None when unknown."""

    def now(self) -> datetime:
        """The device's wall clock, aware; it may be wrong."""

    def monotonic_ms(self) -> int:
        """Milliseconds since boot, from a clock that nobody sets."""


class SystemClock:
    """The clock of the machine that this runs on.

    With `outbox_id` the boot id is that of this boot *and* this outbox: an outbox that was replaced
    starts its `seq` again, and (`boot_id`, `seq`) must never be used twice.
    """

    def __init__(self, outbox_id: UUID | None = None) -> None:
        boot_id = _kernel_boot_id() or _PROCESS_BOOT_ID
        self._boot_id = boot_id if outbox_id is None else uuid5(outbox_id, str(boot_id))

    @property
    def boot_id(self) -> UUID:
        """The kernel's where there is one (Linux), otherwise one of this process."""
        return self._boot_id

    @property
    def synced(self) -> bool:
        """What the kernel says; False where it cannot be asked."""
        return _kernel_synced()

    @property
    def offset_ms(self) -> int | None:
        """None: the kernel knows that it was corrected, not how far it is from true time."""
        return None

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        return datetime.now(UTC)

    def monotonic_ms(self) -> int:
        """Milliseconds since boot, sleep included where the system counts it."""
        # A kiosk that was suspended keeps its boot id, so the time asleep must count.
        if hasattr(time, "CLOCK_BOOTTIME"):
            return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000
        return time.monotonic_ns() // 1_000_000


def _kernel_boot_id() -> UUID | None:
    try:
        return UUID(_BOOT_ID.read_text().strip())
    except (OSError, ValueError):
        return None


class _Timex(ctypes.Structure):
    """Head of the kernel's `struct timex`; only `modes` (0: only read) and `status` are used."""

    _fields_ = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    ]


@lru_cache(maxsize=1)
def _adjtimex() -> Any:
    try:
        return ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError, TypeError):
        return None


def _kernel_synced() -> bool:
    adjtimex = _adjtimex()
    if adjtimex is None:
        return False
    timex = _Timex()
    state = adjtimex(ctypes.byref(timex))
    return state not in (-1, _TIME_ERROR) and not timex.status & _STA_UNSYNC
