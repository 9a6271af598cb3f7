"""The web pages: pictures as JSON, and as server-sent events while they change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from faust.types import AppT
from faust.web import View
from pydantic_core import to_json

from services.live.board import Board, Shown
from services.live.metrics import LiveMetrics
from services.live.presentation import present

TICK_S = 0.5
"""At most two events a second; a change is seen this late at most."""
HEARTBEAT_S = 15.0
RETRY_MS = 2000
SLOWEST_READER_S = 10.0
LONGEST_REBUILD_S = 60.0
"""A browser's EventSource gives up at the first refusal, so it waits for a rebuild this long."""


class Pages:
    """Answers about the board; nothing is kept for a client between two events."""

    def __init__(
        self,
        app: AppT,
        board: Board,
        origins: frozenset[str],
        metrics: LiveMetrics | None = None,
    ) -> None:
        self._app = app
        self._metrics = metrics or LiveMetrics(board)
        self._board = board
        self._origins = origins
        # Of each site what all its watchers see in the same moment, and when that was drawn.
        self._drawn: dict[str, tuple[float, Shown | None]] = {}

    def add(self) -> None:
        """Put the pages on the application's web server."""

        async def health(view: View, request: web.Request) -> web.Response:
            return self._answer(request, self._health(), 200 if self._board.is_complete else 503)

        async def alive(view: View, request: web.Request) -> web.Response:
            return self._answer(request, {"alive": True})

        async def ready(view: View, request: web.Request) -> web.Response:
            body = {"ready": self._board.is_ready, "as_of": self._board.as_of}
            return self._answer(request, body, 200 if self._board.is_ready else 503)

        async def metrics(view: View, request: web.Request) -> web.Response:
            body, content_type = self._metrics.exposition(request.headers.get("Accept", ""))
            return web.Response(body=body, headers={"Content-Type": content_type})

        async def sites(view: View, request: web.Request) -> web.Response:
            return self._rebuilding(request) or self._answer(request, self._all())

        async def site(view: View, request: web.Request, site: str) -> web.Response:
            shown = self._board.shown(site)
            return (
                self._rebuilding(request)
                or (shown and self._answer(request, _body(shown)))
                or self._unknown(request, site)
            )

        async def events(view: View, request: web.Request, site: str) -> web.StreamResponse:
            await self._until_complete()
            if refusal := self._rebuilding(request):
                return refusal
            if self._board.shown(site) is None:
                return self._unknown(request, site)
            return await self._stream(request, site)

        pages: dict[str, Callable[..., Awaitable[Any]]] = {
            "/alive": alive,
            "/ready": ready,
            "/health": health,
            "/metrics": metrics,
            "/sites": sites,
            "/sites/{site}": site,
            "/sites/{site}/events": events,
        }
        for path, page in pages.items():
            self._app.page(path)(page)

    def _health(self) -> dict[str, Any]:
        board = self._board
        return {"ready": board.is_complete, "as_of": board.as_of}

    def _all(self) -> dict[str, Any]:
        shown = filter(None, map(self._board.shown, self._board.sites))
        return {"complete": True, "sites": [_body(one) for one in shown]}

    def _unknown(self, request: web.Request, site: str) -> web.Response:
        return self._answer(
            request, {"error": f"there is no site {site!r}", "sites": self._board.sites}, 404
        )

    def _rebuilding(self, request: web.Request) -> web.Response | None:
        if self._board.is_complete:
            return None
        refusal = {"error": "the picture is being rebuilt from the topic", "complete": False}
        return self._answer(request, refusal, 503)

    def _answer(
        self, request: web.Request, body: dict[str, Any], status: int = 200
    ) -> web.Response:
        headers = self._headers(request)
        if status == 503:
            headers["Retry-After"] = "2"
        return web.Response(
            body=to_json(body),
            status=status,
            content_type="application/json",
            charset="utf-8",
            headers=headers,
        )

    def _headers(self, request: web.Request) -> dict[str, str]:
        headers = {"Cache-Control": "no-store"}
        origin = request.headers.get("Origin", "")
        if "*" in self._origins:
            headers["Access-Control-Allow-Origin"] = "*"
        elif self._origins:
            headers["Vary"] = "Origin"
            if origin in self._origins:
                headers["Access-Control-Allow-Origin"] = origin
        return headers

    async def _until_complete(self) -> None:
        waited_s = 0.0
        while not (self._board.is_complete or self._app.should_stop):
            if waited_s >= LONGEST_REBUILD_S:
                return
            await asyncio.sleep(TICK_S)
            waited_s += TICK_S

    async def _stream(self, request: web.Request, site: str) -> web.StreamResponse:
        headers = self._headers(request) | {
            "Content-Type": "text/event-stream; charset=utf-8",
            "X-Accel-Buffering": "no",
        }
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        try:
            with self._metrics.streams.track_inprogress():
                await self._write_events(request, response, site)
        except (ConnectionError, TimeoutError):
            # The client went away, or does not read: it gets the whole picture when it comes back.
            if request.transport is not None:
                request.transport.abort()
        return response

    async def _write_events(
        self, request: web.Request, response: web.StreamResponse, site: str
    ) -> None:
        loop = asyncio.get_running_loop()
        await _write(response, f"retry: {RETRY_MS}\n\n")
        sent: Shown | None = None
        sent_at_s = loop.time()
        while not (self._app.should_stop or _is_gone(request)):
            shown = self._seen_by_all(site, loop.time())
            if shown is None:
                return
            if sent is None or shown.differs(sent):
                await _write(response, _event(shown))
                sent, sent_at_s = shown, loop.time()
            elif loop.time() - sent_at_s >= HEARTBEAT_S - TICK_S:
                await _write(response, f": {shown.at.isoformat(timespec='seconds')}\n\n")
                sent_at_s = loop.time()
            await asyncio.sleep(TICK_S)

    def _seen_by_all(self, site: str, at_s: float) -> Shown | None:
        """The site's picture, drawn once for all who watch it in the same moment."""
        drawn_at_s, shown = self._drawn.get(site, (0.0, None))
        if at_s - drawn_at_s >= TICK_S / 2:
            shown = self._board.shown(site)
            self._drawn[site] = (at_s, shown)
        return shown


async def _write(response: web.StreamResponse, text: str) -> None:
    # Waits while the client is slow; so little more than one event is ever held for it.
    await asyncio.wait_for(response.write(text.encode()), SLOWEST_READER_S)


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _event(shown: Shown) -> str:
    return f"id: {shown.at.isoformat()}\ndata: {to_json(_body(shown)).decode()}\n\n"


def _body(shown: Shown) -> dict[str, Any]:
    return present(shown.picture, now=shown.at, as_of=shown.as_of, stale=shown.stale)
