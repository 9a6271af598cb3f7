"""Pages for whoever watches the server: whether it lives, whether it can answer, its numbers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import psycopg
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from services.planner.web.access import AdmittedCaller
from services.planner.web.metrics import WebMetrics
from services.planner.web.settings import WebSettings
from services.runtime.database import DatabaseUrl

LOOK_EVERY_S = 2.0
"""However often it is asked: nobody can open connections by asking."""
ANSWER_WITHIN_S = 3


class DatabaseProbe:
    """Whether the database answers the reader, asked now and then."""

    def __init__(self, settings: WebSettings, now_s: Callable[[], float] = time.monotonic) -> None:
        self._url = DatabaseUrl.parse(settings.database_reader, "PASSAGE_DATABASE_READER")
        self._now_s = now_s
        self._asked_at_s = -LOOK_EVERY_S
        self._answers = False
        self._lock = threading.Lock()

    def answers(self) -> bool:
        """Whether it did when it was asked last, at most two seconds ago."""
        with self._lock:
            if self._now_s() - self._asked_at_s >= LOOK_EVERY_S:
                self._answers = self._ask()
                self._asked_at_s = self._now_s()
            return self._answers

    def _ask(self) -> bool:
        parameters = self._url.parameters("passage web, probe") | {
            "connect_timeout": ANSWER_WITHIN_S,
            "tcp_user_timeout": ANSWER_WITHIN_S * 1000,
        }
        try:
            with psycopg.connect(**parameters) as connection:
                connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True


def routes(settings: WebSettings, metrics: WebMetrics) -> APIRouter:
    """The routes of the probes, and /metrics, which needs a key where the planner needs one."""
    router = APIRouter(include_in_schema=False)
    database = DatabaseProbe(settings)

    def alive() -> dict[str, bool]:
        """200 while the process answers."""
        return {"alive": True}

    # /health is the name that /alive had first.
    for path in ("/alive", "/health"):
        router.get(path)(alive)

    @router.get("/ready")
    def ready() -> JSONResponse:
        """200 while the database answers, otherwise 503."""
        is_ready = database.answers()
        return JSONResponse({"ready": is_ready}, 200 if is_ready else 503)

    @router.get("/metrics")
    def numbers(request: Request, caller: AdmittedCaller) -> Response:
        """The metrics."""
        body, content_type = metrics.exposition(request.headers.get("Accept", ""))
        return Response(body, headers={"Content-Type": content_type})

    return router
