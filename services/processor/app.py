"""The Faust application: life cycle, signals and web pages around the ingest service."""

from __future__ import annotations

from collections.abc import Iterable

import faust
from faust.app.base import BootStrategy
from faust.types import AppT
from mode.types import ServiceT

from services.processor.ingest import Ingest
from services.processor.settings import ProcessorSettings


class IngestOnly(BootStrategy):
    """Start no consumer of Faust's own: no agent listens yet, and ingest owns its consumer."""

    def server(self) -> Iterable[ServiceT]:
        """Services to start with the worker."""
        return self._chain(self.sensors(), self.web_server())


class Application(faust.App):
    """A Faust application that boots without agents."""

    BootStrategy = IngestOnly


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
    # Faust takes an instance as well; its annotation only knows classes.
    app.service(Ingest(settings, loop=app.loop, beacon=app.beacon))  # type: ignore[arg-type]
    return app
