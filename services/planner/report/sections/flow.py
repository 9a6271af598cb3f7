"""1. Who came: passages, persons and visits by directorate and service, and before."""

from __future__ import annotations

from services.planner.report.content import (
    MISSING,
    NOT_APPLICABLE,
    Cell,
    Column,
    Scope,
    Section,
    Table,
)
from services.planner.report.figures import Figures, of
from services.planner.report.sections.bars import charts_of
from services.planner.report.sections.lines import change, directorate_lines, ratio

FLOW = (
    Column("passages"),
    Column("share", "percent"),
    Column("persons"),
    Column("visits"),
    Column("per_open_day", "rate"),
    Column("per_open_hour", "rate"),
)
COMPARED = (
    Column("per_open_day", "rate"),
    Column("previous_per_open_day", "rate", ("previous",)),
    Column("previous_change", "change", ("now", "previous")),
    Column("comparable_passages"),
    Column("comparable_before", "count", ("last_year",)),
    Column("comparable_change", "change", ("now", "last_year")),
)


def section(figures: Figures) -> Section:
    """Passages by directorate and service; beside the period before and the year before."""
    facts = figures.facts
    flow = Table(
        "flow",
        FLOW,
        directorate_lines(facts, lambda scope: _flow(figures, scope), with_services=True),
        ("open_day", "visits_by_stay"),
    )
    compared = Table(
        "compared",
        COMPARED,
        directorate_lines(facts, lambda scope: _compared(figures, scope), with_services=True),
        ("comparable",),
    )
    return Section("flow", (flow, compared), charts_of((flow, compared)))


def _flow(figures: Figures, scope: Scope) -> tuple[Cell, ...]:
    passages = figures.shown(of("passages", scope))
    return (
        passages,
        ratio(passages, figures.count(of("passages"))),
        figures.shown(of("persons", scope)),
        figures.shown(of("served", scope)),
        per_open_day(figures, scope),
        ratio(passages, figures.facts.open_hours(figures.facts.sites_of(scope))),
    )


def per_open_day(figures: Figures, scope: Scope) -> Cell:
    """Passages for each known day on which one of the scope's sites was open."""
    facts = figures.facts
    return ratio(figures.shown(of("passages", scope)), len(facts.days_seen(facts.sites_of(scope))))


def _compared(figures: Figures, scope: Scope) -> tuple[Cell, ...]:
    facts, sites = figures.facts, figures.facts.sites_of(scope)
    now = per_open_day(figures, scope)
    previous_days = len(facts.days_seen(sites, "previous"))
    key = of("previous", scope)
    previous = figures.under(key, figures.count(key) / previous_days if previous_days else MISSING)
    is_comparable = any(facts.comparable_days.get(site) for site in sites)

    def comparable(measure: str) -> Cell:
        key = of(measure, scope)
        return figures.under(key, figures.count(key) if is_comparable else MISSING)

    after, before = comparable("comparable"), comparable("before")
    if not sites and scope.directorate not in facts.without_public:
        # Nobody ever came: there is no day to compare.
        previous = after = before = NOT_APPLICABLE
    return now, previous, change(now, previous), after, before, change(after, before)
