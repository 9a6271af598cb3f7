"""The web application: the intake under /v1, probes and metrics beside it."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from services.gateway import events, hooks, operation
from services.gateway.access import Access
from services.gateway.delivering import Delivering, open_outbox
from services.gateway.intake import Intake
from services.gateway.measures import Measures
from services.gateway.openapi import describe
from services.gateway.reception import Reception
from services.gateway.settings import GatewaySettings
from services.gateway.tokens import TokenFile
from services.runtime import traces
from services.runtime.key_file import KeyFileError
from services.runtime.rate import RateLimit

log = logging.getLogger("passage.gateway")

# Together with the requests under way, which end within `gateway_answer_s`, less than ten seconds.
_DELIVERY_STOPS_S = 1.5


def create_app(
    settings: GatewaySettings, *, failed: Callable[[BaseException], None] = lambda error: None
) -> FastAPI:
    """Build the application; nothing connects before it is started.

    `failed` hears, in another thread, why nothing is delivered any more: the process must end.
    Raises InvalidSetting, OutboxError, and AdapterError for a hook that is not set up.
    """
    known = hooks.read_hooks(settings.gateway_hooks)
    outbox = open_outbox(settings)
    intake = Intake(outbox, answer_s=settings.gateway_answer_s)
    measures = Measures(outbox)
    reception = Reception(intake, measures, settings.gateway_max_requests)
    access = Access(
        TokenFile(settings.gateway_tokens), RateLimit(settings.gateway_requests_per_minute)
    )
    measures.watch(reception.slots)
    traced = traces.start(settings, "gateway")
    delivering = Delivering(settings, outbox, traced, delivered=measures.delivered, failed=failed)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        delivering.start()
        log.info("delivering", extra={"kafka": settings.kafka, "waiting": outbox.depth()})
        try:
            yield
        finally:
            delivering.stop(_DELIVERY_STOPS_S)
            traced.stop()
            log.info("stopped", extra={"waiting": outbox.depth()})
            outbox.close()

    app = FastAPI(
        title="Passage gateway",
        description="Takes the events of kiosks and receptions in over HTTP.",
        version="1",
        lifespan=lifespan,
        # Their pages load scripts from elsewhere; /openapi.json is ours.
        docs_url=None,
        redoc_url=None,
    )
    app.state.access = access
    app.state.measures = measures
    app.middleware("http")(_observed)
    app.include_router(events.routes(settings, reception))
    app.include_router(hooks.routes(settings, reception, access, known))
    app.include_router(operation.routes(outbox, measures))
    app.exception_handler(HTTPException)(_problem)
    app.exception_handler(KeyFileError)(_broken_tokens)
    describe(app)
    return app


async def _observed(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Measure a request to the intake and write a line about it: who, how many, what came of it."""
    if not request.url.path.startswith("/v1/"):
        return await call_next(request)
    started_s = time.perf_counter()
    status = 500
    try:
        response = await call_next(request)
        status = response.status_code
    finally:
        took_s = time.perf_counter() - started_s
        request.app.state.measures.request(status, took_s)
        results = getattr(request.state, "results", None)
        log.info(
            "request",
            extra={
                "token": getattr(request.state, "token", None),
                "status": status,
                "took_ms": round(took_s * 1000),
                "events": {k.value: n for k, n in results.counts().items()} if results else {},
            },
        )
    return response


def _problem(request: Request, error: Exception) -> Response:
    """A problem as RFC 9457 has it."""
    assert isinstance(error, HTTPException)
    return JSONResponse(
        {"status": error.status_code, "detail": error.detail},
        error.status_code,
        error.headers,
        media_type="application/problem+json",
    )


def _broken_tokens(request: Request, error: Exception) -> Response:
    log.error("tokens cannot be read", extra={"detail": str(error)})
    detail = "tokens cannot be read; see the server's log"
    return _problem(request, HTTPException(503, detail, {"Retry-After": "30"}))
