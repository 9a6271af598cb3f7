"""API keys: shown once when they are made, kept as digests, bound to sites, revoked by name."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from services.runtime.key_file import KeyFileError, RecordFile, digest_of, new_key

PREFIX = "psg_"


class ApiKey(BaseModel):
    """One key, without the key."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
    digest: str
    sites: tuple[str, ...] | None = None
    """Codes of the sites it may ask about; None is all."""
    created_on: date
    revoked_on: date | None = None


class KeyFile:
    """The keys in a file; read again when the file changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = RecordFile(path, ApiKey, "API keys")

    def read(self) -> Sequence[ApiKey]:
        """All keys, the revoked ones too; none when there is no file. Raises KeyFileError."""
        return self._file.read()

    def find(self, presented: str) -> ApiKey | None:
        """The key that is in force and was presented."""
        digest = digest_of(presented)
        for key in self.read():
            if key.revoked_on is None and secrets.compare_digest(key.digest, digest):
                return key
        return None

    def create(self, name: str, sites: tuple[str, ...] | None, today: date) -> str:
        """Make a key and return it: it cannot be shown again. Raises KeyFileError."""
        if any(key.name == name and key.revoked_on is None for key in self.read()):
            raise KeyFileError(f"there is a key named {name} already; revoke it first")
        key = new_key(PREFIX)
        made = ApiKey(name=name, digest=digest_of(key), sites=sites, created_on=today)
        self._file.write([*self.read(), made])
        return key

    def revoke(self, name: str, today: date) -> None:
        """End a key's validity at once. Raises KeyFileError."""
        if not any(key.name == name and key.revoked_on is None for key in self.read()):
            raise KeyFileError(f"no key named {name} is in force")
        self._file.write(
            [
                key.model_copy(update={"revoked_on": today})
                if key.name == name and key.revoked_on is None
                else key
                for key in self.read()
            ]
        )
