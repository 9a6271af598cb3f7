"""Local times of the rows of a file, as instants: of two, none is guessed."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.core.local_times import instants
from services.importer.errors import BadRow
from services.importer.mapping import Ambiguous


class LocalClock:
    """Instants of the rows of a file, in their order."""

    def __init__(self, zone: ZoneInfo, ambiguous: Ambiguous) -> None:
        self.zone = zone
        self._ambiguous = ambiguous
        self._last: dict[Hashable, datetime] = {}
        self._second: set[tuple[Hashable, date]] = set()

    def instant(self, at: datetime, *, stream: Hashable = None, once: bool = False) -> datetime:
        """The instant of a row's local time. Raises BadRow where there is none, or no rule for two.

        With `by_order`, the second of two begins where the times of a stream go back, or, where
        each comes `once` (hours), where one comes again.
        """
        found = instants(at, self.zone)
        if not found:
            raise BadRow(
                "a local time that the clock change skips",
                f"{at:%Y-%m-%d %H:%M} does not exist in {self.zone.key}",
            )
        if len(found) == 1:
            return found[0]
        match self._ambiguous:
            case "first":
                return found[0]
            case "second":
                return found[1]
            case "by_order":
                return found[self._is_second(at, stream, once)]
        raise BadRow(
            "a local time that the clock change repeats",
            f"{at:%Y-%m-%d %H:%M} came twice in {self.zone.key}; say in the mapping which is meant:"
            " `ambiguous: first`, `second` or `by_order`",
        )

    def _is_second(self, at: datetime, stream: Hashable, once: bool) -> bool:
        last = self._last.get(stream)
        if last is not None and last.date() == at.date() and (at < last or (once and at == last)):
            self._second.add((stream, at.date()))
        self._last[stream] = at
        return (stream, at.date()) in self._second

    def not_before(self, at: datetime, start: datetime) -> datetime:
        """The instant of a later step of a row: of two, the first that is not before `start`."""
        found = instants(at, self.zone)
        if not found:
            raise BadRow(
                "a local time that the clock change skips",
                f"{at:%Y-%m-%d %H:%M} does not exist in {self.zone.key}",
            )
        return next((instant for instant in found if instant >= start), found[-1])
