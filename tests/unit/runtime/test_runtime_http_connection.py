"""A connection on which no request comes about is closed; one with a request is left alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from services.runtime import http_connection
from services.runtime.http_connection import HttpConnection

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
WITHIN_S = 0.2
LONG_S = 3 * WITHIN_S


async def slow(scope: Any, receive: Any, send: Any) -> None:
    """Answer long after the request."""
    await asyncio.sleep(LONG_S)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def connected() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    config = uvicorn.Config(
        slow, port=0, http=HttpConnection, ws="none", lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        server.should_exit = True
        await serving


async def trickle(writer: asyncio.StreamWriter, data: bytes) -> None:
    for byte in data:
        writer.write(bytes([byte]))
        await asyncio.sleep(WITHIN_S / 4)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "REQUEST_BEGINS_WITHIN_S", WITHIN_S)


@pytest.mark.parametrize("first", [b"", REQUEST], ids=["the first request", "the next one"])
async def test_a_head_that_trickles_in_is_cut_off(first: bytes) -> None:
    async with connected() as (reader, writer):
        if first:
            writer.write(first)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204")
        trickling = asyncio.create_task(trickle(writer, b"GET /" + b"x" * 1_000))
        assert await asyncio.wait_for(reader.read(), 60) == b""
        trickling.cancel()


async def test_a_request_takes_as_long_as_it_takes() -> None:
    async with connected() as (reader, writer):
        writer.write(REQUEST)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204")
