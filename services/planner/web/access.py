"""Who may ask, how often, and a line in the log of who asked what."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException, Request, Response

from services.planner.question import Question
from services.planner.sentence import Sentence
from services.planner.web.keys import ApiKey, KeyFile
from services.runtime.rate import RateLimit

log = logging.getLogger("passage.access")

COOKIE = "passage_key"
_LOCAL = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the name of a key, or nobody in particular on this machine."""

    name: str
    sites: tuple[str, ...] | None
    """Sites that the caller may ask about; None is all."""

    def of_its_sites(self, named: Mapping[str, str]) -> dict[str, str]:
        """Of sites and their names, those that the caller may ask about."""
        return {
            code: name for code, name in named.items() if self.sites is None or code in self.sites
        }

    def restricted(self, question: Question) -> Question:
        """The question over the caller's sites. Raises HTTPException 403 for another one."""
        if self.sites is None:
            return question
        for site in question.sites or ():
            if site not in self.sites:
                raise HTTPException(403, Sentence("not_this_site", site=site))
        return question.of_sites(question.sites or self.sites)


class Access:
    """Lets callers in. Without a file of keys everybody on this machine may ask."""

    def __init__(
        self, keys: KeyFile | None, limit: RateLimit, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._keys = keys
        self._limit = limit
        self._now_s = now_s

    @property
    def is_open(self) -> bool:
        """True when no key is asked for."""
        return self._keys is None

    def key_of(self, presented: str) -> ApiKey | None:
        """The key that was presented, if it is in force."""
        return self._keys.find(presented) if self._keys else None

    def admit(self, request: Request) -> Caller:
        """The caller. Raises HTTPException 401 without a valid key, 429 when asking too often."""
        caller = self._caller(request)
        address = request.client.host if request.client else "unknown"
        wait_s = self._limit.wait_s(caller.name if self._keys else address, self._now_s())
        if wait_s:
            raise HTTPException(
                429,
                Sentence("too_many", wait_s=math.ceil(wait_s)),
                headers={"Retry-After": f"{math.ceil(wait_s)}"},
            )
        request.state.caller = caller.name
        return caller

    def _caller(self, request: Request) -> Caller:
        if self._keys is None:
            return Caller("local", None)
        scheme, _, presented = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            presented = request.cookies.get(COOKIE, "")
        key = self._keys.find(presented.strip()) if presented else None
        if key is None:
            raise HTTPException(
                401,
                Sentence("no_key"),
                headers={"WWW-Authenticate": "Bearer"},
            )
        return Caller(key.name, key.sites)


def _admitted(request: Request) -> Caller:
    access: Access = request.app.state.access
    return access.admit(request)


AdmittedCaller = Annotated[Caller, Depends(_admitted)]


# Of a question, what was checked against the reference and the calendar: no free text.
_SAID = frozenset({"period", "from", "to", "by", "compare", "publish", "measure", "lang"}) | {
    *("site", "directorate", "service", "channel", "split", "format", "limit", "offset")
}
_WATCHED = ("/static", "/alive", "/ready", "/health", "/metrics")


def route_of(request: Request) -> str:
    """The path as it is declared; `none` when there is no such page."""
    route = request.scope.get("route")
    if route is None and request.url.path.startswith("/static/"):
        return "/static"
    return getattr(route, "path", "none")


async def logged(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Write one line per request: who asked what, and what came of it. No key, no content."""
    started = time.perf_counter()
    response = await call_next(request)
    if not request.url.path.startswith(_WATCHED):
        # What was refused may be anything, and is not repeated.
        asked = request.query_params.multi_items() if response.status_code < 400 else []
        log.info(
            "request",
            extra={
                "caller": getattr(request.state, "caller", None),
                "method": request.method,
                "route": route_of(request),
                "query": "&".join(f"{key}={value}" for key, value in asked if key in _SAID),
                "status": response.status_code,
                "took_ms": round((time.perf_counter() - started) * 1000),
            },
        )
    return response


def is_local(host: str) -> bool:
    """Whether only this machine can reach an address to listen on."""
    return host in _LOCAL
