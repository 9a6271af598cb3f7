"""Waits that are not over: counted with a bound, never dropped.

Who still waits at the time of asking has waited so long already, and nobody knows how much longer
(*right-censored*). To leave them out would make the figures better the longer people wait.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from services.core.waits import bin_of, count_within, quantile


@dataclass(frozen=True, slots=True)
class Bounded:
    """A figure of waits, some of which are still open: it will end between the two bounds."""

    n: int
    """Waits that are over and waits that are open."""
    censored: int
    """Those that are open."""
    low: float | None
    """None when there are no waits."""
    high: float | None
    """None when there are no waits, and when it has no bound yet."""


def share_within(
    bins: Mapping[int, int], open_ages_s: Collection[float], threshold_s: float
) -> Bounded:
    """Share of waits not longer than the threshold, with those open for `open_ages_s` seconds.

    An open wait past the threshold is over it already. The others end all over it (`low`) or all
    within it (`high`).
    """
    over = sum(bins.values())
    n = over + len(open_ages_s)
    if n <= 0:
        return Bounded(0, 0, None, None)
    within = count_within(bins, threshold_s)
    undecided = sum(1 for age_s in open_ages_s if age_s <= threshold_s)
    return Bounded(n, len(open_ages_s), within / n, (within + undecided) / n)


def quantile_between(bins: Mapping[int, int], open_ages_s: Collection[float], q: float) -> Bounded:
    """The q-quantile of the waits in seconds, with those open for `open_ages_s` seconds.

    They end all at once (`low`) or never (`high`, without bound when the quantile is among them).
    Raises ValueError unless 0 ≤ q ≤ 1.
    """
    n = sum(bins.values()) + len(open_ages_s)
    if n <= 0:
        return Bounded(0, 0, quantile({}, q), None)
    at_once = Counter(bins)
    at_once.update(bin_of(int(age_s * 1000)) for age_s in open_ages_s)
    # A bin past all others stands for "never".
    never = max(at_once) + 1
    latest = Counter(bins)
    latest[never] = len(open_ages_s)
    low, high = quantile(at_once, q), quantile(latest, q)
    unbounded = high == quantile({never: 1}, q)
    return Bounded(n, len(open_ages_s), low, None if unbounded else high)
