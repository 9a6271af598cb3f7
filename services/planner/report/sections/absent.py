"""6. Who receives nobody: cells that are not applicable, and are not zeros."""

from __future__ import annotations

from services.planner.report.content import NOT_APPLICABLE, Column, Line, Scope, Section, Table
from services.planner.report.figures import Figures

COLUMNS = (Column("passages"), Column("visits"), Column("waits"), Column("why", "text"))


def section(figures: Figures) -> Section:
    """Directorates that receive no public, and their services."""
    facts = figures.facts
    lines = []
    for code in facts.directorates:
        if code not in facts.without_public:
            continue
        cells = (NOT_APPLICABLE, NOT_APPLICABLE, NOT_APPLICABLE, "no_public")
        lines.append(Line(f"directorate:{code}", cells, "group", Scope(directorate=code)))
        for one in facts.services.get(code, ()):
            scope = Scope(directorate=code, service=one)
            lines.append(Line(f"service:{one}", cells, "item", scope))
    return Section("absent", (Table("absent", COLUMNS, tuple(lines), ("absent",)),))
