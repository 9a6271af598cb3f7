"""3. When they came: months, weekdays and hours, and the peaks."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from services.core.suppression import SMALLEST_PUBLISHED
from services.planner.report.content import (
    MISSING,
    NOT_APPLICABLE,
    SUPPRESSED,
    Cell,
    Column,
    Line,
    Scope,
    Section,
    Table,
)
from services.planner.report.facts import Facts
from services.planner.report.figures import Figures, profile_piece, series_piece
from services.planner.report.hiding import Key
from services.planner.report.sections.bars import charts_of
from services.planner.report.sections.lines import ratio
from services.planner.report.spans import pieces_of

PEAKS = (Column("when", "text"), Column("passages"))


def section(figures: Figures) -> Section:
    """The series, the typical week of the period, and its busiest day and hour."""
    tables = (_series(figures), _profile(figures), _peaks(figures))
    return Section("rhythm", tables, charts_of(tables))


def _series(figures: Figures) -> Table:
    facts = figures.facts
    seen = facts.days_seen(facts.calendars)
    lines = []
    for start in pieces_of(facts.spans.now, facts.spans.piece):
        piece = series_piece(facts, start)
        days = sum(series_piece(facts, day) == piece for day in seen)
        total = _of_piece(figures, Key("passages", piece=piece))
        lines.append(
            Line(
                f"piece:{piece}",
                (
                    *(
                        _of_piece(figures, Key("passages", directorate=code, piece=piece))
                        for code in facts.directorates
                    ),
                    total,
                    days,
                    ratio(total, days),
                ),
            )
        )
    everything = figures.shown(Key("passages"))
    lines.append(
        Line(
            "total",
            (
                *(figures.shown(Key("passages", directorate=code)) for code in facts.directorates),
                everything,
                len(seen),
                ratio(everything, len(seen)),
            ),
            "total",
        )
    )
    columns = (
        *(Column(f"directorate:{code}") for code in facts.directorates),
        Column("passages"),
        Column("seen_days"),
        Column("per_open_day", "rate"),
    )
    return Table("series", columns, tuple(lines), ("open_day",))


def _of_piece(figures: Figures, key: Key) -> Cell:
    """Passages of a piece; where none of the sites concerned was seen in it, none is not zero."""
    facts, shown = figures.facts, figures.shown(key)
    sites = facts.sites_of(Scope(directorate=key.directorate))
    if shown is NOT_APPLICABLE or not sites or figures.count(key):
        return shown

    def is_in(days: Iterable[date]) -> bool:
        return any(series_piece(facts, day) == key.piece for day in days)

    if is_in(facts.days_seen(sites)):
        return shown
    return MISSING if any(is_in(facts.open_days[site]) for site in sites) else NOT_APPLICABLE


def _profile(figures: Figures) -> Table:
    facts = figures.facts
    days = Counter(day.isoweekday() for day in facts.days_seen(facts.calendars))
    opened = {(one.day.isoweekday(), one.hour) for one in facts.hours_known}
    came = {(hour.day.isoweekday(), hour.hour) for hour in facts.hours_counted if hour.passages > 0}
    weekdays = sorted(days) or [1, 2, 3, 4, 5]
    hours = sorted({hour for weekday, hour in opened | came if weekday in days})

    def cell(weekday: int, hour: int) -> Cell:
        if not days[weekday]:
            return MISSING
        if (weekday, hour) not in opened | came:
            return NOT_APPLICABLE
        key = Key("passages", piece=profile_piece(weekday, hour))
        return ratio(figures.shown(key), days[weekday])

    return Table(
        "profile",
        tuple(Column(f"weekday:{weekday}", "rate") for weekday in weekdays),
        tuple(
            Line(f"hour:{hour:02}", tuple(cell(weekday, hour) for weekday in weekdays))
            for hour in hours
        ),
        ("profile",),
        shaded=True,
    )


def _peaks(figures: Figures) -> Table:
    facts = figures.facts
    seen = facts.days_seen(facts.calendars)
    days: Counter[date] = Counter()
    for (_, day), passages in facts.passages_by_day["now"].items():
        days[day] += passages
    hours = _hours(facts)
    by_hour = sorted(hours.values())
    busiest_day = max(days.items(), key=lambda one: (one[1], one[0]), default=None)
    busiest_hour = max(hours.items(), key=lambda one: (one[1], one[0]), default=None)

    def peak(key: str, found: tuple[date | datetime, int] | None) -> Line:
        if found is None:
            return Line(key, (MISSING, MISSING))
        is_small = 0 < found[1] < SMALLEST_PUBLISHED and not figures.internal
        return Line(key, (SUPPRESSED, SUPPRESSED) if is_small else found)

    return Table(
        "peaks",
        PEAKS,
        (
            peak("busiest_day", busiest_day),
            peak("busiest_hour", busiest_hour),
            Line("p95_hour", (NOT_APPLICABLE, _quantile(by_hour, 0.95) if seen else MISSING)),
            Line("p50_hour", (NOT_APPLICABLE, _quantile(by_hour, 0.5) if seen else MISSING)),
        ),
        ("peaks",),
    )


def _hours(facts: Facts) -> dict[datetime, int]:
    """Passages over all sites of each hour in which one was open and heard; zeros are there too."""
    now = facts.spans.now
    hours = {one.start: 0 for one in facts.hours_known if one.covered_minutes > 0}
    for one in facts.hours_counted:
        if now.first <= one.day <= now.last and one.passages > 0:
            hours[one.start] = hours.get(one.start, 0) + one.passages
    return hours


def _quantile(ordered: Sequence[int], q: float) -> Cell:
    if not ordered:
        return MISSING
    return ordered[max(1, math.ceil(q * len(ordered))) - 1]
