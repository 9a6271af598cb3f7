"""API keys: shown once when they are made, kept as digests, bound to sites, revoked by name."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

PREFIX = "psg_"
"""So that a key that was published by accident can be found by its look."""


class KeyFileError(Exception):
    """The file of keys cannot be used; the message says why."""


class ApiKey(BaseModel):
    """One key, without the key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    digest: str
    """SHA-256 of the key: it has 256 random bits, so a slow hash would add nothing."""
    sites: tuple[str, ...] | None = None
    """Codes of the sites it may ask about; None is all."""
    created_on: date
    revoked_on: date | None = None


_KEYS = TypeAdapter(list[ApiKey])


class KeyFile:
    """The keys in a file; read again when the file changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read_at: tuple[int, int] | None = None
        self._keys: list[ApiKey] = []

    def read(self) -> Sequence[ApiKey]:
        """All keys, the revoked ones too; none when there is no file. Raises KeyFileError."""
        try:
            status = self.path.stat()
            stamp = (status.st_mtime_ns, status.st_ino)
            if stamp != self._read_at:
                self._keys = _KEYS.validate_json(self.path.read_bytes())
                self._read_at = stamp
        except FileNotFoundError:
            self._keys, self._read_at = [], None
        except (OSError, ValidationError) as error:
            raise KeyFileError(f"{self.path} is no file of API keys: {error}") from None
        return self._keys

    def find(self, presented: str) -> ApiKey | None:
        """The key that is in force and was presented."""
        digest = _digest(presented)
        for key in self.read():
            if key.revoked_on is None and secrets.compare_digest(key.digest, digest):
                return key
        return None

    def create(self, name: str, sites: tuple[str, ...] | None, today: date) -> str:
        """Make a key and return it: it cannot be shown again. Raises KeyFileError."""
        if any(key.name == name and key.revoked_on is None for key in self.read()):
            raise KeyFileError(f"there is a key named {name} already; revoke it first")
        key = PREFIX + secrets.token_urlsafe(32)
        made = ApiKey(name=name, digest=_digest(key), sites=sites, created_on=today)
        self._write([*self.read(), made])
        return key

    def revoke(self, name: str, today: date) -> None:
        """End a key's validity at once. Raises KeyFileError."""
        if not any(key.name == name and key.revoked_on is None for key in self.read()):
            raise KeyFileError(f"no key named {name} is in force")
        self._write(
            [
                key.model_copy(update={"revoked_on": today})
                if key.name == name and key.revoked_on is None
                else key
                for key in self.read()
            ]
        )

    def _write(self, keys: Sequence[ApiKey]) -> None:
        content = json.dumps([key.model_dump(mode="json") for key in keys], indent=2) + "\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
            with os.fdopen(handle, "w") as stream:
                stream.write(content)
            Path(draft).replace(self.path)
        except OSError as error:
            raise KeyFileError(f"cannot write {self.path}: {error.strerror}") from None


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
