"""How long visitors are willing to wait, from those who were gone when they were called."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

FEW = 10
"""With fewer departures the estimate is a guess, and is said to be one."""


@dataclass(frozen=True, slots=True)
class WaitCell:
    """Visitors of about the same wait: those of one quarter of an hour."""

    called: int
    """Waits that are known: from arrival to the first call, whether or not they came."""
    wait_s: float
    """Sum of these waits."""
    no_show: int
    """Called, and gone."""
    left: int
    """Seen to leave uncalled; their wait is not known."""


@dataclass(frozen=True, slots=True)
class Patience:
    """An exponential patience, and on how many departures it rests."""

    mean_s: float | None
    """None when it cannot be estimated: the models then let nobody leave."""
    gone: int
    stayed: int


def estimate(cells: Iterable[WaitCell]) -> Patience:
    """The most likely mean patience, each departure known only to lie before its call.

    Who stayed had patience for the whole wait w (censored from the right); who was gone lost it at
    an unknown moment of it (censored from the left). The rate r solves
    Σ gone·w/(exp(r·w) - 1) = Σ stayed·w: departures over time waited, in which those who were gone
    count about half. Who left uncalled is taken to have had the mean wait of the quarter of an
    hour, or where nobody was called, of all. Without departures or waits there is no estimate.
    """
    listed = [cell for cell in cells if cell.called or cell.left]
    called = sum(cell.called for cell in listed)
    gone = sum(cell.no_show + cell.left for cell in listed)
    stayed = sum(max(0, cell.called - cell.no_show) for cell in listed)
    total_s = sum(cell.wait_s for cell in listed)
    if not gone or not stayed or total_s <= 0:
        return Patience(None, gone, stayed)
    points = [
        (
            cell.wait_s / cell.called if cell.called else total_s / called,
            cell.no_show + cell.left,
            max(0, cell.called - cell.no_show),
        )
        for cell in listed
    ]
    exposure_s = sum(stay * wait_s for wait_s, _, stay in points)
    if exposure_s <= 0:
        return Patience(None, gone, stayed)

    def departures_s(rate: float) -> float:
        return sum(n * _mean_over_odds(rate, wait_s) for wait_s, n, _ in points if n)

    low, high = 0.0, gone / exposure_s
    # The half that departures add to the exposure only lowers the rate.
    for _ in range(60):
        middle = (low + high) / 2
        if departures_s(middle) > exposure_s:
            low = middle
        else:
            high = middle
    return Patience(1 / high, gone, stayed)


def _mean_over_odds(rate: float, wait_s: float) -> float:
    """w / (exp(r·w) - 1), whose limit for no wait is 1/r."""
    exponent = rate * wait_s
    if exponent > 500:
        return 0.0
    if exponent < 1e-12:
        return math.inf if rate <= 0 else 1 / rate
    return wait_s / math.expm1(exponent)
