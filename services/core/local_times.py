"""Local times without offset, as instants: of two, none is guessed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def instants(at: datetime, zone: ZoneInfo) -> list[datetime]:
    """The instants (UTC) that a wall-clock time may be: one, two in October, none in March.

    A time with an offset of its own is one instant.
    """
    if at.tzinfo is not zone:
        return [at.astimezone(UTC)]
    wall = at.replace(tzinfo=None)
    found: list[datetime] = []
    for fold in (0, 1):
        instant = at.replace(fold=fold).astimezone(UTC)
        shown = instant.astimezone(zone).replace(tzinfo=None)
        if shown == wall and instant not in found:
            found.append(instant)
    return found


def date_format(text: str) -> str:
    """The text, when it is a format of dates such as `%d/%m/%Y %H:%M`. Raises ValueError."""
    try:
        datetime.strptime(datetime(2024, 5, 17, 9, 30, tzinfo=UTC).strftime(text), text)  # noqa: DTZ007 only tried
    except (ValueError, re.error):
        raise ValueError(f"{text!r} is no date format; expected such as '%d/%m/%Y %H:%M'") from None
    if "%" not in text:
        raise ValueError(f"{text!r} is no date format; expected such as '%d/%m/%Y %H:%M'")
    return text
