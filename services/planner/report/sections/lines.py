"""Lines that several sections have: everybody, each directorate, its services."""

from __future__ import annotations

from collections.abc import Callable

from services.planner.report.content import (
    EVERYBODY,
    MISSING,
    NOT_APPLICABLE,
    Absent,
    Cell,
    Line,
    Scope,
)
from services.planner.report.facts import Facts

CellsOf = Callable[[Scope], tuple[Cell, ...]]


def directorate_lines(
    facts: Facts, cells: CellsOf, *, with_services: bool = False
) -> tuple[Line, ...]:
    """The directorates, their services below each, and everybody last.

    Of a directorate that receives no public no cell is applicable, and its services are left out.
    """
    lines = []
    for code in facts.directorates:
        scope = Scope(directorate=code)
        lines.append(Line(f"directorate:{code}", cells(scope), "group", scope))
        if with_services and code not in facts.without_public:
            for one in facts.services.get(code, ()):
                below = Scope(directorate=code, service=one)
                lines.append(Line(f"service:{one}", cells(below), "item", below))
    lines.append(Line("total", cells(EVERYBODY), "total"))
    return tuple(lines)


def ratio(part: Cell, whole: float | None) -> Cell:
    """A share or a rate; a mark stays the mark, and of nothing there is none."""
    if isinstance(part, Absent):
        return part
    if not isinstance(part, int | float) or not whole:
        return NOT_APPLICABLE
    return part / whole


def change(now: Cell, before: Cell) -> Cell:
    """Relative change; not applicable from nothing."""
    for one in (now, before):
        if isinstance(one, Absent):
            return one
    if not isinstance(now, int | float) or not isinstance(before, int | float):
        return MISSING
    return now / before - 1 if before else NOT_APPLICABLE
