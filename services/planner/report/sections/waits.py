"""4. How long they waited, and what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from services.core.censoring import share_within
from services.core.waits import quantile
from services.planner.report.content import (
    NOT_APPLICABLE,
    SUPPRESSED,
    Cell,
    Column,
    Scope,
    Section,
    Table,
)
from services.planner.report.facts import Facts
from services.planner.report.figures import OUTCOMES, Figures, of
from services.planner.report.sections.bars import charts_of
from services.planner.report.sections.lines import directorate_lines


def section(figures: Figures) -> Section:
    """Waits to the first call, and the outcomes of the stays, by directorate."""
    facts = figures.facts
    columns = (
        Column("waits"),
        Column("mean_wait", "minutes"),
        Column("p50_wait", "minutes"),
        Column("p90_wait", "minutes"),
        *(Column(f"within:{value_s}", "percent") for value_s in facts.thresholds),
        Column("censored"),
    )
    waits = Table(
        "waits",
        columns,
        directorate_lines(facts, lambda scope: _waits(figures, scope), with_services=True),
        ("waits", "thresholds"),
    )

    def outcomes(scope: Scope) -> tuple[Cell, ...]:
        return tuple(figures.shown(of(one, scope)) for one in ("queue_entries", *OUTCOMES))

    became = Table(
        "outcomes",
        tuple(Column(one) for one in ("queue_entries", *OUTCOMES)),
        directorate_lines(facts, outcomes),
        ("outcomes",),
    )
    return Section("waits", (waits, became), charts_of((waits, became)))


def _waits(figures: Figures, scope: Scope) -> tuple[Cell, ...]:
    facts, key = figures.facts, of("waits", scope)
    bins = bins_of(facts, scope)
    mean = (
        figures.count(of("wait_ms", scope)) / figures.count(key) / 60_000
        if figures.count(key)
        else NOT_APPLICABLE
    )
    return (
        figures.shown(key),
        figures.under(key, mean),
        figures.under(key, minutes(quantile(bins, 0.5))),
        figures.under(key, minutes(quantile(bins, 0.9))),
        *(within(figures, scope, value_s) for value_s in facts.thresholds),
        figures.shown(of("censored", scope)),
    )


def within(figures: Figures, scope: Scope, threshold_s: int) -> Cell:
    """Share of the waits that are not longer than the threshold.

    Of those who still wait within it nobody knows: counted as over it.
    """
    facts = figures.facts
    share = share_within(bins_of(facts, scope), _ages(facts, scope), threshold_s).low
    cell = figures.under(of("waits", scope), NOT_APPLICABLE if share is None else share)
    # With the known waits, the share gives away how many still wait.
    return SUPPRESSED if of("censored", scope) in figures.hidden else cell


def within_first_threshold(figures: Figures, scope: Scope) -> Cell:
    """The same for the shortest threshold; not applicable where there is none."""
    for threshold_s in figures.facts.thresholds:
        return within(figures, scope, threshold_s)
    return NOT_APPLICABLE


def median_wait(figures: Figures, scope: Scope) -> Cell:
    """Minutes within which half of them were called."""
    return figures.under(of("waits", scope), minutes(quantile(bins_of(figures.facts, scope), 0.5)))


def minutes(seconds: float | None) -> Cell:
    """A wait in minutes; not applicable where nobody waited."""
    return NOT_APPLICABLE if seconds is None else seconds / 60


def bins_of(facts: Facts, scope: Scope) -> Mapping[int, int]:
    """The waits of a scope by bin."""
    sums: Counter[int] = Counter()
    for of_bins, bins in facts.bins.items():
        if _within(of_bins, scope):
            sums.update(bins)
    return sums


def _ages(facts: Facts, scope: Scope) -> list[float]:
    ages: list[float] = []
    for one in facts.open_waits:
        if _within(Scope(one.site, one.directorate, one.service), scope):
            ages += [one.age_s] * one.visits
    return ages


def _within(one: Scope, scope: Scope) -> bool:
    return (
        scope.site in (None, one.site)
        and scope.directorate in (None, one.directorate)
        and scope.service in (None, one.service)
    )
