"""A request's body, read within bounds of size, time and number at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import HTTPException, Request
from starlette.requests import ClientDisconnect

BUSY_RETRY_S = 1


class Slots:
    """How many requests are worked on at one time; one more is sent away, not kept waiting."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.taken = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold a slot. Raises HTTPException 503 when there is none."""
        if self.taken >= self._most:
            raise HTTPException(
                503,
                "too many requests at one time; nothing of this one was read: send it again",
                headers={"Retry-After": f"{BUSY_RETRY_S}"},
            )
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


async def read_body(request: Request, *, most_bytes: int, within_s: float) -> bytes:
    """The whole body.

    Raises HTTPException: 413 as soon as it is known to be too large, 408 when it comes too slowly,
    400 when the sender goes away.
    """
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > most_bytes:
        raise _too_large(most_bytes)
    body = bytearray()
    try:
        async with asyncio.timeout(within_s):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most_bytes:
                    raise _too_large(most_bytes)
    except TimeoutError:
        raise HTTPException(
            408, f"the body did not come within {within_s:g} s; send fewer events at once"
        ) from None
    except ClientDisconnect:
        raise HTTPException(400, "the body ended early") from None
    return bytes(body)


def _too_large(most_bytes: int) -> HTTPException:
    return HTTPException(
        413, f"the body is larger than {most_bytes} bytes; send fewer events at once"
    )
