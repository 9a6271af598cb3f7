"""Only one process delivers from an outbox: the order of its events is that process's order."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from services.edge.errors import AlreadyDelivering, OutboxUnavailable
from services.edge.outbox_file import open_shared


class DeliveryLock:
    """A file lock beside the outbox; the system lets go of it however its holder dies."""

    def __init__(self, outbox: Path) -> None:
        self.path = outbox.with_name(outbox.name + ".delivery-lock")
        self._descriptor: int | None = None

    def __enter__(self) -> DeliveryLock:
        try:
            descriptor = open_shared(self.path)
        except OSError as error:
            raise OutboxUnavailable(
                f"{self.path} cannot be opened ({error.strerror}). Remedy: check that this user "
                "may write in the outbox's folder"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 100, 0).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise AlreadyDelivering(
                f"process {holder} delivers from this outbox already. Remedy: let it, or stop it"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._descriptor is not None:
            # The file stays: were it removed, two processes could each lock a file of this name.
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None


def holder_of(outbox: Path) -> int | None:
    """The process that delivers from this outbox now; None when nobody does."""
    try:
        with DeliveryLock(outbox):
            return None
    except AlreadyDelivering as error:
        word = str(error).split()[1]
        return int(word) if word.isdigit() else 0
