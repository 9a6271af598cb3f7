"""8. Beside the flow: figures that other services hand in. Nothing here was measured by Passage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.planner.report.content import (
    MISSING,
    NOT_APPLICABLE,
    Cell,
    Column,
    Line,
    Section,
    Table,
    Unit,
)

SLOTS: dict[str, Unit] = {
    "calls_received": "count",
    "calls_answered": "percent",
    "web_connections": "count",
    "complaint_delay": "rate",
    "satisfaction": "percent",
}
"""Indicators that the committee sees beside the flow, and their unit."""

COLUMNS = (Column("value"), Column("as_of", "day"), Column("source", "text"))


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A figure from elsewhere."""

    indicator: str
    scope: str
    """What it is of, in the words of whoever hands it in; empty for the whole prefecture."""
    value: Cell
    as_of: date | None
    source: str


def section(handed_in: Sequence[HandedIn]) -> Section:
    """A line for each figure; an indicator for which nothing was handed in is missing."""
    lines = []
    for indicator, unit in SLOTS.items():
        found = [one for one in handed_in if one.indicator == indicator]
        for one in found:
            key = f"elsewhere:{indicator}" + (f"/{one.scope}" if one.scope else "")
            cells = (one.value, NOT_APPLICABLE if one.as_of is None else one.as_of, one.source)
            lines.append(Line(key, cells, unit=unit))
        if not found:
            lines.append(Line(f"elsewhere:{indicator}", (MISSING,) * 3, unit=unit))
    return Section("elsewhere", (Table("elsewhere", COLUMNS, tuple(lines), ("elsewhere",)),))
