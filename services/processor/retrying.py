"""Doing an action again and again while it fails in a way that may pass."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from mode import Service

from services.processor.store import ConcurrentChange
from services.runtime.logs import told

log = logging.getLogger(__name__)

LONGEST_PAUSE_S = 5.0

T = TypeVar("T")


async def until_done(
    service: Service,
    what: str,
    action: Callable[[], Awaitable[T]],
    *passing: type[Exception],
    failed: Callable[[], Awaitable[None]],
    retried: Callable[[str], None] = lambda what: None,
    but: tuple[type[Exception], ...] = (),
) -> T:
    """Do an action until it succeeds; after each failure `failed` is called.

    `retried` hears what is done again. Raises what is in `but`, and asyncio.CancelledError when the
    service is told to stop meanwhile.
    """
    pause_s = 0.1
    while True:
        try:
            return await action()
        except but:
            raise
        except ConcurrentChange:
            log.info("another worker was faster", extra={"action": what})
        except passing as error:
            await failed()
            log.warning(f"cannot {what}", extra={"error": told(error)})
        if service.should_stop:
            raise asyncio.CancelledError
        retried(what)
        await service.sleep(pause_s)
        pause_s = min(LONGEST_PAUSE_S, pause_s * 2)
