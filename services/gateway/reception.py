"""Between HTTP and the intake: threads for the work, and answers that tell what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import anyio
from anyio import CapacityLimiter
from fastapi.responses import JSONResponse

from services.gateway.bodies import Slots
from services.gateway.content import Candidate
from services.gateway.intake import Intake
from services.gateway.measures import Measures
from services.gateway.results import Outcome, Result, Results
from services.gateway.scope import Scope

AWAY_RETRY_S = 5
FULL_RETRY_S = 30
# A large body becomes many objects while it is taken apart: one body at a time, which costs nothing
# where only one thread computes at a time.
_APART_AT_ONCE = 1

T = TypeVar("T")


class Reception:
    """Hands what came over HTTP to the intake, from as many requests at once as there are slots."""

    def __init__(self, intake: Intake, measures: Measures, most_requests: int) -> None:
        self.slots = Slots(most_requests)
        self._intake = intake
        self._measures = measures
        self._apart = CapacityLimiter(_APART_AT_ONCE)
        self._waiting = CapacityLimiter(most_requests)

    async def take_apart(self, work: Callable[[], T]) -> T:
        """What the work returns or raises that finds the events in a body."""
        return await anyio.to_thread.run_sync(work, limiter=self._apart)

    async def take(self, found: Sequence[Candidate | Result], scope: Scope | None) -> Results:
        """What became of each, once the broker has acknowledged them or the time is over."""
        results = await anyio.to_thread.run_sync(
            partial(self._intake.take, found, scope), limiter=self._waiting
        )
        self._measures.taken(results)
        return results


def answer(results: Results) -> JSONResponse:
    """The answer that tells a sender what became of its events."""
    headers = {}
    if results.status == 503:
        retry_s = FULL_RETRY_S if results.counts()[Outcome.NOT_KEPT] else AWAY_RETRY_S
        headers["Retry-After"] = f"{retry_s}"
    return JSONResponse(results.as_json(), results.status, headers)
