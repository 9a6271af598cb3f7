"""5. Each site for itself: the PAN, the sous-préfectures, France Services."""

from __future__ import annotations

from services.planner.report.content import Cell, Column, Line, Scope, Section, Table
from services.planner.report.figures import Figures, of
from services.planner.report.hiding import Key
from services.planner.report.sections.flow import per_open_day
from services.planner.report.sections.lines import ratio
from services.planner.report.sections.waits import median_wait, within_first_threshold

COLUMNS: tuple[Column, ...] = (
    Column("passages"),
    Column("share", "percent"),
    Column("persons"),
    Column("visits"),
    Column("per_open_day", "rate"),
    Column("p50_wait", "minutes"),
)


def section(figures: Figures) -> Section:
    """The same figures by site, with the services that were asked for there."""
    facts = figures.facts
    columns = COLUMNS
    if facts.thresholds:
        columns += (Column(f"within:{next(iter(facts.thresholds))}", "percent"),)
    lines = []
    for site in facts.calendars:
        scope = Scope(site)
        lines.append(Line(f"site:{site}", _cells(figures, scope), "group", scope))
        for code in facts.directorates:
            for one in facts.services.get(code, ()):
                below = Scope(site, code, one)
                entries = Key("queue_entries", site, code, one)
                # A service without a single stay at a site is not offered there.
                if figures.count(entries) or figures.count(of("passages", below)):
                    lines.append(
                        Line(f"site:{site}/service:{one}", _cells(figures, below), "item", below)
                    )
    lines.append(Line("total", _cells(figures, Scope()), "total"))
    return Section("sites", (Table("sites", columns, tuple(lines), ("sites",)),))


def _cells(figures: Figures, scope: Scope) -> tuple[Cell, ...]:
    passages = figures.shown(of("passages", scope))
    cells: tuple[Cell, ...] = (
        passages,
        ratio(passages, figures.count(of("passages"))),
        figures.shown(of("persons", scope)),
        figures.shown(of("served", scope)),
        per_open_day(figures, scope),
        median_wait(figures, scope),
    )
    if figures.facts.thresholds:
        cells += (within_first_threshold(figures, scope),)
    return cells
