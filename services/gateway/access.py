"""Who may send, and how often."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.gateway.tokens import Token, TokenFile
from services.runtime.rate import RateLimit

_bearer = HTTPBearer(
    auto_error=False, scheme_name="token", description="`passage gateway token create` makes one"
)


class Access:
    """Lets senders in by their token."""

    def __init__(
        self,
        tokens: TokenFile,
        limit: RateLimit,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tokens = tokens
        self._limit = limit
        self._now = now
        self._monotonic_s = monotonic_s

    def admit(self, presented: str | None) -> Token:
        """The token that was presented.

        Raises HTTPException: 401 without a valid one, 429 when it is used too often; and
        KeyFileError.
        """
        token = self._tokens.find(presented, self._now()) if presented else None
        if token is None:
            raise HTTPException(
                401,
                "a valid token is needed: Authorization: Bearer psgw_…",
                headers={"WWW-Authenticate": "Bearer"},
            )
        self.require_rate(token.name)
        return token

    def require_rate(self, who: str) -> None:
        """Count a request. Raises HTTPException 429 when there were too many."""
        wait_s = self._limit.wait_s(who, self._monotonic_s())
        if wait_s:
            raise HTTPException(
                429,
                "too many requests; wait as long as Retry-After says, or send more events in each",
                headers={"Retry-After": f"{math.ceil(wait_s)}"},
            )


async def _admitted(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Token:
    access: Access = request.app.state.access
    token = access.admit(credentials.credentials.strip() if credentials else None)
    request.state.token = token.name
    return token


AdmittedToken = Annotated[Token, Depends(_admitted)]
