"""A mergeable sketch of durations: logarithmic bins whose counts add and subtract.

After Masson, Rim and Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error
guarantees" (VLDB 2019): every duration of a bin lies within `RELATIVE_ERROR` of the bin's value, so
a quantile read from any sum of bins does too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

RELATIVE_ERROR = 0.02
_GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_LOG_GAMMA = math.log(_GAMMA)


def bin_of(duration_ms: int) -> int:
    """Bin of a duration: 0 below one second, then bin i holds (γ^(i-1), γ^i] seconds."""
    if duration_ms < 1000:
        return 0
    # A hair below the integer keeps γ^i itself in bin i, whatever the last bit of the logarithm is.
    return max(1, math.ceil(math.log(duration_ms / 1000) / _LOG_GAMMA - 1e-9))


def value_of(bin_number: int) -> float:
    """Seconds that stand for a bin: 0 for bin 0, else 2·γ^i/(γ+1)."""
    if bin_number == 0:
        return 0.0
    return float(2 * _GAMMA**bin_number / (_GAMMA + 1))


def quantile(bins: Mapping[int, int], q: float) -> float | None:
    """The q-quantile in seconds of all durations in the bins, or None when there are none.

    The smallest value at which at least q of the durations are not longer (inverse of the
    distribution function, Hyndman and Fan's type 1). Raises ValueError unless 0 ≤ q ≤ 1.
    """
    if not 0 <= q <= 1:
        raise ValueError(f"a quantile lies between 0 and 1, not at {q}")
    total = sum(bins.values())
    if total <= 0:
        return None
    rank = max(1, math.ceil(q * total))
    seen = 0
    for bin_number in sorted(bins):
        seen += bins[bin_number]
        if seen >= rank:
            return value_of(bin_number)
    raise ValueError("the bins hold negative counts")


def share_within(bins: Mapping[int, int], threshold_s: float) -> tuple[float | None, int]:
    """Share of the durations that are not longer than the threshold, and how many there are.

    The share is None when there are none. A duration within `RELATIVE_ERROR` of the threshold may
    fall on either side of it.
    """
    total = sum(bins.values())
    if total <= 0:
        return None, 0
    return count_within(bins, threshold_s) / total, total


def count_within(bins: Mapping[int, int], threshold_s: float) -> int:
    """How many of the durations are not longer than the threshold, as `share_within` counts."""
    return sum(n for bin_number, n in bins.items() if value_of(bin_number) <= threshold_s)
