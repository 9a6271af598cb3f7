"""A file of keys that were shown once: only their digests are kept, and it is read again when it
changes."""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

R = TypeVar("R", bound=BaseModel)


class KeyFileError(Exception):
    """The file of keys cannot be used; the message says why."""


def new_key(prefix: str) -> str:
    """A key of 256 random bits; by its prefix one that was published by accident can be found."""
    return prefix + secrets.token_urlsafe(32)


def digest_of(key: str) -> str:
    """SHA-256 of a key: it is random enough that a slow hash would add nothing."""
    # What was presented may be any text, even one that UTF-8 has no bytes for.
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


class RecordFile(Generic[R]):
    """What is known of each key, as a list in JSON that only its owner may read."""

    def __init__(self, path: Path, record: type[R], holds: str) -> None:
        """`holds` says what the keys are, in messages: `API keys`."""
        self.path = path
        self._holds = holds
        self._list: TypeAdapter[list[R]] = TypeAdapter(list[record])  # type: ignore[valid-type]
        self._read_at: tuple[int, int] | None = None
        self._records: list[R] = []

    def read(self) -> Sequence[R]:
        """All records; none when there is no file. Raises KeyFileError."""
        try:
            status = self.path.stat()
            stamp = (status.st_mtime_ns, status.st_ino)
            if stamp != self._read_at:
                self._records = self._list.validate_json(self.path.read_bytes())
                self._read_at = stamp
        except FileNotFoundError:
            self._records, self._read_at = [], None
        except OSError as error:
            raise KeyFileError(f"{self.path} cannot be read: {error.strerror}") from None
        except ValidationError:
            # Its words would quote the file.
            raise KeyFileError(f"{self.path} is no file of {self._holds}") from None
        return self._records

    def write(self, records: Sequence[R]) -> None:
        """Replace all records at once. Raises KeyFileError; then the file is as it was."""
        content = self._list.dump_json(list(records), indent=2) + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            # An administrator's change must not take the file away from the service that reads it.
            with suppress(FileNotFoundError, PermissionError):
                owner = self.path.stat()
                os.chown(draft, owner.st_uid, owner.st_gid)
            Path(draft).replace(self.path)
        except OSError as error:
            raise KeyFileError(f"{self.path} cannot be written: {error.strerror}") from None
