"""Which exports may be taken: none that somebody still writes. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from services.adapters.export import Export
from services.adapters.sources import Listed
from services.adapters.taken import Sighting


def wanted(listed: Iterable[Listed], export: Export) -> list[Listed]:
    """The exports among the files, by name; with `done_suffix` those that have their mark."""
    files = list(listed)
    names = {file.name for file in files}
    mark = export.done_suffix
    return sorted(
        (
            file
            for file in files
            if fnmatchcase(file.name, export.files)
            and (mark is None or (not file.name.endswith(mark) and file.name + mark in names))
        ),
        key=lambda file: file.name,
    )


def settles_in_s(sighting: Sighting, now: float, export: Export) -> float:
    """Seconds until a file that does not change may be taken; zero when it may.

    By our clock only: that of its machine may be wrong.
    """
    if export.done_suffix is not None:
        return 0.0
    # Our clock may have been set back since.
    return min(export.settled_s, max(0.0, export.settled_s - (now - sighting.seen_at)))
