"""Where exports lie: what a folder of this machine and one of an SFTP server have in common."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from services.adapters.errors import SourceUnavailable


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as its folder lists it."""

    name: str
    size: int
    modified: float
    """Seconds since 1970 by the clock of its machine, which may be wrong."""


class Source(Protocol):
    """A folder of exports. Every call raises SourceUnavailable."""

    def files(self) -> list[Listed]:
        """Every plain file in it."""

    def open(self, listed: Listed) -> AbstractContextManager[BinaryIO]:
        """A file, to be read from its beginning."""


class Folder:
    """A folder of this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def files(self) -> list[Listed]:
        """Every plain file in it."""
        with self._explained(), os.scandir(self._path) as entries:
            found = [(entry.name, entry.stat()) for entry in entries if entry.is_file()]
        return [Listed(n, s.st_size, s.st_mtime) for n, s in found if stat.S_ISREG(s.st_mode)]

    @contextmanager
    def open(self, listed: Listed) -> Iterator[BinaryIO]:
        """A file, to be read from its beginning."""
        with self._explained(), (self._path / listed.name).open("rb") as file:
            yield file

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise SourceUnavailable(
                f"{self._path} cannot be read ({error.strerror}). Remedy: correct `csv.location`,"
                " or let this user read it"
            ) from None
