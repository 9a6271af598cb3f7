"""Intervals from the forecast's own past errors (split conformal). Pure.

An error is measured on a scale that grows with the forecast, (forecast + 1) to a power found in the
errors, so that quiet and busy hours share what is learnt. No distribution is assumed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.planner.forecast.series import Floats, Ints

LEVELS = (0.80, 0.95)

LEAST_ERRORS = 40
"""Fewer past errors give no interval: 95 % of two sides needs 40."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Forecasts of the past with what came, in any order."""

    forecasts: Floats
    actuals: Floats
    horizons: Ints
    """Weeks ahead, from 1."""

    def chosen(self, which: np.typing.NDArray[np.bool_]) -> Errors:
        """Those of a mask."""
        return Errors(self.forecasts[which], self.actuals[which], self.horizons[which])


class Intervals:
    """Bounds learnt from past errors: for each week ahead, of that week and its neighbours."""

    def __init__(self, errors: Errors) -> None:
        self._power = _power(errors)
        self._scores: dict[int, Floats] = {}
        scores = (errors.actuals - errors.forecasts) / self._scale(errors.forecasts)
        for horizon in np.unique(errors.horizons).tolist():
            near = scores[np.abs(errors.horizons - horizon) <= 1]
            self._scores[horizon] = np.sort(near if len(near) >= LEAST_ERRORS else scores)

    def bounds(self, forecasts: Floats, horizons: Ints, level: float) -> tuple[Floats, Floats]:
        """Whole numbers [low, high] in which the count falls with the level's probability.

        Never below zero; not a number where too few errors are known.
        """
        low, high = np.full(len(forecasts), np.nan), np.full(len(forecasts), np.nan)
        for horizon in np.unique(horizons).tolist():
            scores = self._scores[min(self._scores, key=lambda known: abs(known - horizon))]
            n = len(scores)
            if n < LEAST_ERRORS:
                continue
            tail = (1 - level) / 2
            rank = int(np.floor((n + 1) * tail + 1e-9))
            at = horizons == horizon
            scale = self._scale(forecasts[at])
            low[at] = forecasts[at] + scores[max(rank - 1, 0)] * scale
            high[at] = forecasts[at] + scores[min(n - rank, n - 1)] * scale
        return np.maximum(np.floor(low), 0.0), np.maximum(np.ceil(high), 0.0)

    def _scale(self, forecasts: Floats) -> Floats:
        return np.power(forecasts + 1.0, self._power)


def _power(errors: Errors) -> float:
    """How errors grow with the forecast: 0.5 as for chance alone, up to 1 in proportion."""
    size = np.log(errors.forecasts + 1.0)
    if np.ptp(size) < 0.1:
        return 0.5
    misses = np.log(np.abs(errors.actuals - errors.forecasts) + 0.5)
    slope = float(np.polyfit(size, misses, 1)[0])
    return min(max(slope, 0.5), 1.0)
