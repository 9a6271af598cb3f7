"""How long people waited, by directorate, those who still wait included."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from rich.table import Table

from schemas.queries import load_queries
from services.core.censoring import Bounded, share_within
from services.core.waits import quantile
from services.planner.period import Period
from services.planner.terminal import minutes

SQL = load_queries("services.planner")
KEPT_DAYS = 90
"""How long `passage purge` keeps visits by default: before, nobody knows who was never called."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """How long a wait may be, in seconds, and who says so."""

    value_s: int
    source: str


@dataclass(frozen=True, slots=True)
class Waits:
    """Waits to the first call of those who arrived in the period. Durations in seconds."""

    directorate: str
    ended: int
    open: int
    """Still waiting at the time of asking (right-censored)."""
    p50_s: float | None
    p90_s: float | None
    """Of the waits that have ended, within 2 %."""
    shares: tuple[Bounded, ...]
    """Share within each threshold, bounded where waits are still open."""


def waits(
    connection: psycopg.Connection[Any], period: Period, *, sites: tuple[str, ...] | None = None
) -> tuple[Sequence[Threshold], Sequence[Waits]]:
    """Thresholds in force at the end of the period, and the waits of each directorate."""
    asked = {
        "from_at": period.from_at,
        "to_at": period.to_at,
        "sites": None if sites is None else list(sites),
    }
    thresholds = [
        Threshold(*row)
        for row in connection.execute(SQL["thresholds"], asked | {"day": period.last})
    ]
    bins: dict[str, dict[int, int]] = defaultdict(dict)
    for directorate, bin_number, n in connection.execute(SQL["wait_bins"], asked):
        bins[directorate][bin_number] = n
    ages: dict[str, list[float]] = defaultdict(list)
    for directorate, age_s, n in connection.execute(SQL["open_waits"], asked):
        ages[directorate] += [age_s] * n
    return thresholds, [
        Waits(
            directorate,
            sum(bins[directorate].values()),
            len(ages[directorate]),
            quantile(bins[directorate], 0.5),
            quantile(bins[directorate], 0.9),
            tuple(
                share_within(bins[directorate], ages[directorate], t.value_s) for t in thresholds
            ),
        )
        for directorate in sorted(bins.keys() | ages.keys())
    ]


def waits_table(thresholds: Sequence[Threshold], found: Sequence[Waits], title: str) -> Table:
    """One line a directorate; a share is a range where somebody still waits."""
    table = Table(title=title, title_justify="left")
    table.add_column("Directorate")
    for heading in ("Called", "Still waiting", "Half within", "9 of 10 within"):
        table.add_column(heading, justify="right")
    for threshold in thresholds:
        table.add_column(f"≤ {threshold.value_s // 60} min", justify="right")
    for row in found:
        table.add_row(
            row.directorate.upper(),
            f"{row.ended}",
            f"{row.open}",
            minutes(row.p50_s),
            minutes(row.p90_s),
            *map(_share, row.shares),
        )
    return table


def _share(share: Bounded) -> str:
    if share.low is None or share.high is None:
        return "n.a."
    if share.censored == 0 or share.low == share.high:
        return f"{share.low:.0%}"
    return f"{share.low:.0%} to {share.high:.0%}"
