"""The web application: the API under /api/v1, the page under /."""

from __future__ import annotations

import logging
from importlib import resources
from pathlib import Path

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from services.planner.sentence import Sentence
from services.planner.web import api, page, probes
from services.planner.web.access import Access, logged
from services.planner.web.keys import KeyFile
from services.planner.web.metrics import WebMetrics
from services.planner.web.settings import WebSettings
from services.runtime.key_file import KeyFileError
from services.runtime.rate import RateLimit

log = logging.getLogger(__name__)

# Nothing from elsewhere, and nobody frames it. Charts set sizes by style attributes.
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " style-src-attr 'unsafe-inline'; img-src 'self' data:; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def create_app(settings: WebSettings) -> FastAPI:
    """Build the application; nothing connects before a request comes."""
    keys = KeyFile(settings.api_keys) if settings.api_keys else None
    access = Access(keys, RateLimit(settings.requests_per_minute))
    app = FastAPI(
        title="Passage",
        description="How many visitors came to each directorate, hour by hour, and how long they"
        " waited.",
        version="1",
        # Their pages load scripts from elsewhere; /openapi.json is ours.
        docs_url=None,
        redoc_url=None,
    )
    app.state.access = access
    app.state.language = settings.language
    app.middleware("http")(_with_security_headers)
    app.middleware("http")(logged)
    metrics = WebMetrics()
    app.middleware("http")(metrics.measured)
    app.include_router(api.routes(settings))
    app.include_router(page.routes(settings, access))
    app.include_router(probes.routes(settings, metrics))
    app.mount("/static", StaticFiles(directory=Path(str(resources.files(__package__))) / "static"))
    app.exception_handler(HTTPException)(_problem)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(KeyFileError)(_broken_keys)
    return app


async def _with_security_headers(request: Request, call_next: object) -> Response:
    response: Response = await call_next(request)  # type: ignore[operator]
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _problem(request: Request, error: Exception) -> Response:
    """A problem as RFC 9457 has it; people see it on a page of their own."""
    assert isinstance(error, HTTPException)
    if not request.url.path.startswith("/api/"):
        return page.problem(request, error)
    return JSONResponse(
        {"status": error.status_code, "detail": error.detail},
        error.status_code,
        error.headers,
        media_type="application/problem+json",
    )


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if not request.url.path.startswith("/api/"):
        return page.invalid(request, error)
    detail = "; ".join(
        f"{'.'.join(str(part) for part in one['loc'][1:])}: {one['msg']}" for one in error.errors()
    )
    return _problem(request, HTTPException(422, detail))


def _broken_keys(request: Request, error: Exception) -> Response:
    log.error("API keys cannot be read", extra={"detail": str(error)})
    return _problem(request, HTTPException(503, Sentence("no_keys")))
