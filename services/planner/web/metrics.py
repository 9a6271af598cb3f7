"""What the web server counts, for Prometheus: by route and status, never by who asked what."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from fastapi import Request, Response

from services.planner.web.access import route_of
from services.runtime.metrics import Metrics


class WebMetrics(Metrics):
    """The metrics of one web server."""

    def __init__(self) -> None:
        super().__init__("web")
        self._requests = self.counter("requests_total", "requests answered", "route", "status")
        self._seconds = self.histogram(
            "request_seconds", "from a request to the first byte of its answer", "route"
        )

    async def measured(
        self, request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        """Answer a request and count it; an error that nobody foresaw counts as 500."""
        began_s = time.perf_counter()
        status = 500
        try:
            response = await call_next(request)
            status = response.status_code
            return response
        finally:
            route = route_of(request)
            self._requests.labels(route, str(status)).inc()
            self._seconds.labels(route).observe(time.perf_counter() - began_s)
