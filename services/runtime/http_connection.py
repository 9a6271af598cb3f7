"""A connection of the web servers that cannot be held for ever by asking slowly."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_BEGINS_WITHIN_S = 10.0
"""A connection without a request under way is closed after so long, whatever trickles in."""


class HttpConnection(H11Protocol):
    """uvicorn's own, which bounds the length of a request's head, with a bound on its time.

    uvicorn lets a connection be idle for seconds, but forgets that with every byte that comes. From
    the last whole head on, time is the application's concern.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._closing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take bytes, which may or may not make up a request."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request, if the sender has not asked already."""
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        super().connection_lost(exc)
        self._forget()

    def _watch(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._forget()
        elif self._closing is None:
            self._closing = self.loop.call_later(
                REQUEST_BEGINS_WITHIN_S, self.timeout_keep_alive_handler
            )

    def _forget(self) -> None:
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
