"""Serving an ASGI application until told to stop."""

from __future__ import annotations

import signal
from typing import Any

STOP_WAITS_S = 8
"""Answers under way have so long to come to their end."""


def serve(app: Any, *, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT, then return once the answers under way are given.

    A second SIGINT ends it at once. Logs are whatever the process has configured.
    """
    import uvicorn

    from services.runtime.http_connection import HttpConnection

    # uvicorn sends itself the signal again when it is done; a stop that was asked for is no
    # failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    uvicorn.run(
        app,
        host=host,
        port=port,
        http=HttpConnection,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_WAITS_S,
    )
