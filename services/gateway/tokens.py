"""Tokens of senders: shown once, kept as digests, bound to devices, replaced without a gap."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.types import Code
from services.gateway.scope import Scope
from services.runtime.key_file import KeyFileError, RecordFile, digest_of, new_key

PREFIX = "psgw_"


class Secret(BaseModel):
    """One of the secrets under which a token is known, without the secret."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: str
    created_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    """Set when a newer one took its place; it is valid before that instant."""

    def is_valid(self, at: datetime) -> bool:
        """Whether it lets in at that time."""
        return self.expires_at is None or at < self.expires_at


class Token(BaseModel):
    """Whom a sender speaks for. Names may be used again after a revocation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    site: Code
    sources: Annotated[tuple[Code, ...], Field(min_length=1)]
    types: tuple[str, ...] | None = None
    """Types of event that it may send; None is all."""
    secrets: tuple[Secret, ...]
    """The newest last."""
    revoked_at: AwareDatetime | None = None

    @property
    def scope(self) -> Scope:
        """What it may send."""
        types = None if self.types is None else frozenset(self.types)
        return Scope(self.site, frozenset(self.sources), types)


class TokenFile:
    """The tokens in a file; read again when the file changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = RecordFile(path, Token, "tokens of a gateway")

    def read(self) -> Sequence[Token]:
        """All tokens, the revoked ones too; none when there is no file. Raises KeyFileError."""
        return self._file.read()

    def find(self, presented: str, now: datetime) -> Token | None:
        """The token that is in force and whose secret was presented."""
        digest = digest_of(presented)
        for token in self.read():
            if token.revoked_at is None and any(
                secrets.compare_digest(one.digest, digest) and one.is_valid(now)
                for one in token.secrets
            ):
                return token
        return None

    def create(
        self,
        name: str,
        site: str,
        sources: Sequence[str],
        types: Sequence[str] | None,
        now: datetime,
    ) -> str:
        """Make a token and return its secret: it cannot be shown again.

        Raises KeyFileError, and pydantic's ValidationError for a code that is none.
        """
        if self._in_force(name):
            raise KeyFileError(f"there is a token named {name} already; rotate it, or revoke it")
        secret, kept = _secret(now)
        made = Token(
            name=name,
            site=site,
            sources=tuple(dict.fromkeys(sources)),
            types=None if types is None else tuple(dict.fromkeys(types)),
            secrets=(kept,),
        )
        self._file.write([*self.read(), made])
        return secret

    def rotate(self, name: str, now: datetime, overlap: timedelta) -> str:
        """Give a token a new secret and return it; older ones end after `overlap`.

        Raises KeyFileError.
        """
        secret, kept = _secret(now)
        end = now + overlap

        def rotated(token: Token) -> Token:
            older = (one for one in token.secrets if one.is_valid(now))
            ending = (
                one.model_copy(update={"expires_at": min(one.expires_at or end, end)})
                for one in older
            )
            return token.model_copy(update={"secrets": (*ending, kept)})

        self._change(name, rotated)
        return secret

    def revoke(self, name: str, now: datetime) -> None:
        """End a token's validity at once, under every secret. Raises KeyFileError."""
        self._change(name, lambda token: token.model_copy(update={"revoked_at": now}))

    def _in_force(self, name: str) -> bool:
        return any(token.name == name and token.revoked_at is None for token in self.read())

    def _change(self, name: str, change: Callable[[Token], Token]) -> None:
        if not self._in_force(name):
            raise KeyFileError(f"no token named {name} is in force; `passage gateway token list`")
        self._file.write(
            [
                change(token) if token.name == name and token.revoked_at is None else token
                for token in self.read()
            ]
        )


def _secret(now: datetime) -> tuple[str, Secret]:
    secret = new_key(PREFIX)
    return secret, Secret(digest=digest_of(secret), created_at=now)
