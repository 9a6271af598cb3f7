"""Which events this process has seen lately, and where they stand. Bounded; no I/O and no clock."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

MOST_REMEMBERED = 50_000
"""Some 20 MB. An event that was forgotten is sent again; it still counts once."""


@dataclass(slots=True)
class Known:
    """An event that was taken."""

    digest: int
    """Of its content: tells a duplicate from a conflict."""
    place: int | None
    """Its place in the outbox; None once the broker has it."""


class Memory:
    """Events by id; the one that was not heard of for longest is forgotten first."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._known: OrderedDict[UUID, Known] = OrderedDict()
        self._by_place: dict[int, UUID] = {}

    def __len__(self) -> int:
        return len(self._known)

    def find(self, event_id: UUID) -> Known | None:
        """What is known of an event."""
        known = self._known.get(event_id)
        if known is not None:
            self._known.move_to_end(event_id)
        return known

    def remember(self, event_id: UUID, digest: int, place: int) -> None:
        """An event waits in the outbox at this place."""
        self._known[event_id] = Known(digest, place)
        self._by_place[place] = event_id
        if len(self._known) > self._most:
            _, oldest = self._known.popitem(last=False)
            if oldest.place is not None:
                del self._by_place[oldest.place]

    def acknowledge(self, places: Iterable[int]) -> None:
        """The broker has the events of these places."""
        for place in places:
            event_id = self._by_place.pop(place, None)
            if event_id is not None:
                self._known[event_id].place = None

    def forget(self, place: int) -> None:
        """The event of this place will not reach the broker: when it comes again, it is new."""
        event_id = self._by_place.pop(place, None)
        if event_id is not None:
            del self._known[event_id]
