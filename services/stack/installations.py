"""The PostgreSQL servers that Debian's packages installed, and which of them have TimescaleDB."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Installation:
    """One major version of PostgreSQL, in the folders where Debian puts it."""

    major: int
    root: Path = Path("/")

    @property
    def programs(self) -> Path:
        return self.root / "usr/lib/postgresql" / str(self.major) / "bin"

    @property
    def has_server(self) -> bool:
        return (self.programs / "postgres").is_file()

    @property
    def has_timescaledb(self) -> bool:
        library = self.root / "usr/lib/postgresql" / str(self.major) / "lib/timescaledb.so"
        extension = self.root / "usr/share/postgresql" / str(self.major) / "extension"
        return library.is_file() and (extension / "timescaledb.control").is_file()


def installations(root: Path = Path("/")) -> list[Installation]:
    """Every installed server, newest first."""
    folder = root / "usr/lib/postgresql"
    majors = (entry.name for entry in folder.glob("*") if entry.name.isdigit())
    found = (Installation(int(major), root) for major in majors)
    return sorted((one for one in found if one.has_server), reverse=True)
