"""The key of the day, under which appointments are hashed: made in the morning, destroyed the next.

While it lives, a kiosk and a reception that share it find the same visit for the same appointment.
Once it is gone, no hash that was sent leads back to an appointment, not even for us.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from datetime import date
from pathlib import Path

from services.edge.errors import EdgeError

KEY_BYTES = 32


class DayKeyError(EdgeError):
    """The key cannot be read or written, or is no key."""


class DayKeys:
    """Keys by business date, one file each in a folder that only the device's user may read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def key(self, day: date) -> bytes:
        """The key of a business date, made when it is first asked for; earlier ones are destroyed.

        Raises DayKeyError.
        """
        self.destroy_before(day)
        path = self._path(day)
        with suppress(FileExistsError):
            self._write(path, secrets.token_bytes(KEY_BYTES))
        try:
            key = path.read_bytes()
        except OSError as error:
            raise DayKeyError(f"{path}: {error.strerror}; see PASSAGE_DAY_KEYS") from None
        if len(key) != KEY_BYTES:
            raise DayKeyError(f"{path} holds no key; remove it, or install the site's key")
        return key

    def install(self, day: date, key: bytes) -> None:
        """Take over the key that another device of the site made. Raises DayKeyError.

        A key that is there already stays when it is the same, and is never replaced by another:
        what it hashed today would be cut off.
        """
        if len(key) != KEY_BYTES:
            raise DayKeyError(f"a key has {KEY_BYTES} bytes, 64 hexadecimal digits")
        self.destroy_before(day)
        try:
            self._write(self._path(day), key)
        except FileExistsError:
            if self.key(day) != key:
                raise DayKeyError(
                    f"{self._path(day)} holds another key, which was used today; install the "
                    "site's key before the first check-in of a day"
                ) from None

    def destroy_before(self, day: date) -> int:
        """Overwrite and remove the keys of earlier business dates; returns how many."""
        destroyed = 0
        for path in self._folder.glob("????-??-??.key"):
            if path.stem < day.isoformat():
                with suppress(FileNotFoundError):
                    with path.open("r+b") as file:
                        file.write(bytes(path.stat().st_size))
                        file.flush()
                        os.fsync(file.fileno())
                    path.unlink()
                    destroyed += 1
        return destroyed

    def _path(self, day: date) -> Path:
        return self._folder / f"{day.isoformat()}.key"

    def _write(self, path: Path, key: bytes) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Made whole or not at all: a key half written would hash half a day.
            partial = path.with_suffix(f".{os.getpid()}")
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(key)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(partial, path)
            finally:
                partial.unlink()
        except FileExistsError:
            raise
        except OSError as error:
            raise DayKeyError(f"{path}: {error.strerror}; see PASSAGE_DAY_KEYS") from None
