"""The whole report from its facts. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from services.planner.period import Period
from services.planner.report.content import (
    EVERYBODY,
    MISSING,
    Cell,
    Column,
    Cover,
    Line,
    Report,
    Scope,
    Table,
    Unit,
)
from services.planner.report.facts import Facts, opening
from services.planner.report.figures import Figures, figures_of, of
from services.planner.report.sections import (
    absent,
    elsewhere,
    flow,
    incidents,
    origin,
    rhythm,
    sites,
    waits,
)
from services.planner.slots.calendar import days_between


def assemble(
    facts: Facts,
    name: str,
    period: Period,
    *,
    internal: bool,
    handed_in: Sequence[elsewhere.HandedIn] = (),
) -> Report:
    """The report of a named period.

    Unless `internal`, counts of 1 to 4 are hidden, and what would give them away.
    """
    figures = figures_of(facts, internal=internal)
    every = set(facts.calendars)
    cover = Cover(
        name=name,
        period=period,
        extracted_at=facts.extracted_at,
        coverage=incidents.coverage(facts, every),
        is_over=facts.spans.now.last == period.last,
        is_final=facts.spans.now.last == period.last
        and all(hour.is_final for hour in facts.hours_known),
        internal=internal,
        open_days=len(frozenset().union(*facts.open_days.values())),
        seen_days=len(facts.days_seen(every)),
        comparable_days=len(frozenset().union(*facts.comparable_days.values())),
        closures=_closures(facts),
        summary=_summary(figures),
        sites=_sites(facts),
    )
    sections = (
        flow.section(figures),
        origin.section(figures),
        rhythm.section(figures),
        waits.section(figures),
        sites.section(figures),
        absent.section(figures),
        incidents.section(figures),
        elsewhere.section(handed_in),
    )
    return Report(cover, sections, facts.names, facts.thresholds)


def _summary(figures: Figures) -> Table:
    lines: list[tuple[str, Unit, Cell]] = [
        ("passages", "count", figures.shown(of("passages"))),
        ("persons", "count", figures.shown(of("persons"))),
        ("visits", "count", figures.shown(of("served"))),
        ("per_open_day", "rate", flow.per_open_day(figures, EVERYBODY)),
        ("p50_wait", "minutes", waits.median_wait(figures, EVERYBODY)),
    ]
    if figures.facts.thresholds:
        key = f"within:{next(iter(figures.facts.thresholds))}"
        lines.append((key, "percent", waits.within_first_threshold(figures, EVERYBODY)))
    return Table(
        "summary",
        (Column("value"),),
        tuple(Line(key, (cell,), "total", unit=unit) for key, unit, cell in lines),
    )


def _sites(facts: Facts) -> Table:
    def cells(codes: set[str]) -> tuple[Cell, ...]:
        opened: frozenset[date] = frozenset().union(*(facts.open_days[one] for one in codes))
        minutes = sum(
            closes - opens
            for one in codes
            for day in facts.open_days[one]
            for opens, closes in opening(facts.calendars[one], day)
        )
        share = incidents.coverage(facts, codes)
        return (
            len(opened),
            len(facts.days_seen(codes)),
            minutes / 60,
            MISSING if share is None else share,
            len(frozenset().union(*(facts.comparable_days[one] for one in codes))),
        )

    columns = (
        Column("open_days"),
        Column("seen_days"),
        Column("open_hours", "hours"),
        Column("coverage", "percent"),
        Column("comparable_days"),
    )
    lines = [Line(f"site:{one}", cells({one}), "group", Scope(one)) for one in facts.calendars]
    lines.append(Line("total", cells(set(facts.calendars)), "total"))
    return Table("open", columns, tuple(lines), ("open",))


def _closures(facts: Facts) -> Table:
    """Closed days of the period on which sites would ordinarily be open, in order."""
    now = facts.spans.now
    found: dict[tuple[date, str], list[str]] = defaultdict(list)
    for site, calendar in facts.calendars.items():
        for day in days_between(now.first, now.last):
            if day in calendar.closed and calendar.opens_on_weekday_of(day):
                found[day, calendar.closed[day]].append(site)
    every = len(facts.calendars)
    return Table(
        "closures",
        (Column("day", "day"), Column("reason", "text"), Column("where", "text")),
        tuple(
            Line(
                f"closed:{day}/{codes[0]}",
                (
                    day,
                    why,
                    "all_sites"
                    if len(codes) == every
                    else " ".join(f"site:{code}" for code in codes),
                ),
            )
            for (day, why), codes in sorted(found.items())
        ),
    )
