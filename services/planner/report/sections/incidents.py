"""7. What was not seen: opening hours in which devices were not heard, and what that may have cost.

The effect is an estimate and marked as one: for every hour of which devices vouch for too little,
the median of the same weekday and hour of that site in well-seen hours, less what was counted.
Where most of a site's hours were not seen, the others say too little.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from statistics import median

from services.planner.report.content import MISSING, Cell, Column, Line, Scope, Section, Table
from services.planner.report.facts import Facts, HourKnown
from services.planner.report.figures import Figures
from services.planner.slots.observed import SEEN

GAPS = (
    Column("coverage", "percent"),
    Column("hours_low"),
    Column("hours_unheard"),
    Column("missed", estimated=True),
)
SILENCES = (Column("day", "day"), Column("site_name", "text"), Column("silent", "minutes"))
LONGEST = 10
"""How many silences are listed; the others are in the table by site."""


def section(figures: Figures) -> Section:
    """Gaps by site with their estimated effect, and the longest silences of devices."""
    facts = figures.facts
    lines = [
        Line(f"site:{site}", _gaps(facts, {site}), "group", Scope(site)) for site in facts.calendars
    ]
    lines.append(Line("total", _gaps(facts, set(facts.calendars)), "total"))
    longest = sorted(facts.silences, key=lambda one: (-one.minutes, one.day, one.site, one.device))[
        :LONGEST
    ]
    return Section(
        "incidents",
        (
            Table("gaps", GAPS, tuple(lines), ("gaps", "estimate")),
            Table(
                "silences",
                SILENCES,
                tuple(
                    Line(
                        f"device:{one.device}/{one.day}",
                        (one.day, f"site:{one.site}", one.minutes),
                        scope=Scope(one.site),
                    )
                    for one in longest
                ),
                ("silences",),
            ),
        ),
    )


def coverage(facts: Facts, sites: set[str]) -> float | None:
    """Of the device-minutes in which sites were open, the share that devices vouch for."""
    known = [one for one in facts.hours_known if one.site in sites]
    opened = sum(one.open_minutes for one in known)
    return sum(one.covered_minutes for one in known) / opened if opened else None


def _gaps(facts: Facts, sites: set[str]) -> tuple[Cell, ...]:
    share = coverage(facts, sites)
    if share is None:
        return (MISSING,) * 4
    known = [one for one in facts.hours_known if one.site in sites]
    return (
        share,
        sum(_is_low(one) for one in known),
        sum(one.covered_minutes == 0 for one in known),
        _missed(facts, sites),
    )


def _is_low(hour: HourKnown) -> bool:
    return hour.covered_minutes < SEEN * hour.open_minutes


def _missed(facts: Facts, sites: set[str]) -> Cell:
    """Passages that were probably not counted; missing when a site was mostly not seen."""
    estimates = [_missed_at(facts, site) for site in sites]
    known = [one for one in estimates if one is not None]
    return sum(known) if len(known) == len(estimates) else MISSING


def _missed_at(facts: Facts, site: str) -> float | None:
    came: Counter[datetime] = Counter()
    for one in facts.hours_counted:
        if one.site == site:
            came[one.start] += one.passages
    usual: dict[tuple[int, int], list[int]] = defaultdict(list)
    low = []
    for hour in facts.hours_known:
        if hour.site == site and _is_low(hour):
            low.append(hour)
        elif hour.site == site:
            usual[hour.day.isoweekday(), hour.hour].append(came[hour.start])
    if len(low) > sum(map(len, usual.values())):
        return None
    return sum(
        max(0.0, median(usual[slot]) - came[hour.start])
        for hour in low
        if usual[slot := (hour.day.isoweekday(), hour.hour)]
    )
