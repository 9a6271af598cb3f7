"""The Faust application: life cycle, signals and web pages around ingest and publication."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import faust
from faust.app.base import BootStrategy
from faust.types import AppT
from faust.web import Request, Response, View
from mode.types import ServiceT

from services.processor.ingest import Ingest
from services.processor.lag import LagWatch
from services.processor.publication import Publication
from services.processor.settings import ProcessorSettings


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


def create_app(settings: ProcessorSettings) -> AppT:
    """Build the application; nothing connects before it is started."""
    app = Application(
        f"{settings.group}-app",
        broker=[f"kafka://{address.strip()}" for address in settings.kafka.split(",")],
        autodiscover=False,
        store="memory://",
        web_enabled=settings.processor_port is not None,
        web_port=settings.processor_port or 6066,
    )
    publication = Publication(settings, loop=app.loop, beacon=app.beacon)
    ingest = Ingest(settings, recorded=publication.wake, loop=app.loop, beacon=app.beacon)
    lag = LagWatch(settings, lambda: ingest.consumer, loop=app.loop, beacon=app.beacon)
    for service in (ingest, publication, lag):
        # Faust takes an instance as well; its annotation only knows classes.
        app.service(service)  # type: ignore[arg-type]
    app.page("/health")(_health(ingest))
    return app


def _health(ingest: Ingest) -> Callable[[View, Request], Awaitable[Response]]:
    async def health(view: View, request: Request) -> Response:
        """200 while broker and database answer, otherwise 503."""
        return view.json({"ready": ingest.ready}, status=200 if ingest.ready else 503)

    return health
