"""The Faust application: life cycle, signals and web pages around ingest and publication."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import faust
from aiohttp import web
from faust.app.base import BootStrategy
from faust.types import AppT
from faust.web import View
from mode.types import ServiceT

from services.processor.ingest import Ingest
from services.processor.lag import LagWatch
from services.processor.metrics import ProcessorMetrics
from services.processor.publication import Publication
from services.processor.settings import ProcessorSettings
from services.runtime.traces import OFF, Traces


class IngestOnly(BootStrategy):
    """Start no consumer of Faust's own: no agent listens yet, and ingest owns its consumer."""

    def server(self) -> Iterable[ServiceT]:
        """Services to start with the worker."""
        return self._chain(self.sensors(), self.web_server())


class Application(faust.App):
    """A Faust application that boots without agents."""

    BootStrategy = IngestOnly

    async def on_first_start(self) -> None:
        """Make no data folder, as Faust would: nothing is kept on the worker's disk."""


def create_app(settings: ProcessorSettings, traces: Traces = OFF) -> AppT:
    """Build the application; nothing connects before it is started."""
    app = Application(
        f"{settings.group}-app",
        broker=[f"kafka://{address.strip()}" for address in settings.kafka.split(",")],
        autodiscover=False,
        store="memory://",
        web_enabled=settings.processor_port is not None,
        web_port=settings.processor_port or 6066,
    )
    metrics = ProcessorMetrics()
    publication = Publication(settings, metrics, traces, loop=app.loop, beacon=app.beacon)
    ingest = Ingest(
        settings,
        metrics,
        traces,
        recorded=publication.wake,
        loop=app.loop,
        beacon=app.beacon,
    )
    lag = LagWatch(settings, lambda: ingest.consumer, metrics, loop=app.loop, beacon=app.beacon)
    for service in (ingest, publication, lag):
        # Faust takes an instance as well; its annotation only knows classes.
        app.service(service)  # type: ignore[arg-type]
    _add_pages(app, ingest, metrics)
    return app


def _add_pages(app: AppT, ingest: Ingest, metrics: ProcessorMetrics) -> None:
    metrics.ready.set_function(lambda: ingest.ready)

    async def alive(view: View, request: web.Request) -> web.Response:
        """200 as long as the worker answers: a restart brings back no database."""
        return web.json_response({"alive": True})

    async def ready(view: View, request: web.Request) -> web.Response:
        """200 while broker and database answer, otherwise 503."""
        is_ready = ingest.ready
        return web.json_response({"ready": is_ready}, status=200 if is_ready else 503)

    async def numbers(view: View, request: web.Request) -> web.Response:
        """The metrics."""
        body, content_type = metrics.exposition(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    # /health is the name that /ready had first.
    pages: dict[str, Callable[..., Awaitable[Any]]] = {
        "/alive": alive,
        "/ready": ready,
        "/health": ready,
        "/metrics": numbers,
    }
    for path, page in pages.items():
        app.page(path)(page)
