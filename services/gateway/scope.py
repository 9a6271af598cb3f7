"""What a sender may send: events of one site, of certain devices, of certain types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from schemas.codec import event_classes
from schemas.events import DeviceEvent, VisitEvent

EVENT_TYPES: frozenset[str] = frozenset(
    get_args(event_class.model_fields["type"].annotation)[0] for event_class in event_classes()
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Of whom a sender may speak, and of what."""

    site: str
    sources: frozenset[str]
    """Codes of the devices whose events it may send."""
    types: frozenset[str] | None = None
    """Types of event; None is all."""

    def forbidden_field(self, event: VisitEvent | DeviceEvent) -> str | None:
        """The field by which an event is none of this sender's; None when it may send it."""
        if event.site != self.site:
            return "site"
        if event.source not in self.sources:
            return "source"
        if self.types is not None and event.type not in self.types:
            return "type"
        return None
