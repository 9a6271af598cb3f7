"""Rolling origin: forecast the past as if it were the future, and measure. Pure.

At every origin the models see only what came before it, and the intervals only the errors that were
known by then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from services.planner.forecast.intervals import LEVELS, Errors, Intervals
from services.planner.forecast.models import Model, chosen, seasonal_naive
from services.planner.forecast.series import Floats, Grain, Ints, Series

LEAST_TRAINING_WEEKS = 12
LEAST_ORIGINS = 8

_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Trials:
    """Every target of every origin that is known, in order of origin."""

    origins: tuple[date, ...]
    """The first day forecast at each."""
    origin_of: Ints
    errors: Errors
    """Of the chosen model."""
    naive: Floats
    scale: Floats
    """Mean error of seasonal naive, one week ahead, over the history before the origin."""
    day_ordinals: Ints


@dataclass(frozen=True, slots=True)
class Score:
    """How good a forecast was over some targets; coverage in the order of LEVELS."""

    n: int
    mase: float
    """Mean absolute error over that of seasonal naive in the history, one week ahead."""
    wape: float
    """Sum of absolute errors over sum of passages."""
    coverage: tuple[float, ...] = ()
    """Share of counts within each interval, of those that had one."""


def origins_of(first_known: date, end: date, weeks: int, most: int) -> tuple[date, ...]:
    """Weekly origins whose `weeks` are over on `end`, at most `most`, in order; maybe none."""
    latest = end + timedelta(days=1) - weeks * _WEEK
    earliest = first_known + LEAST_TRAINING_WEEKS * _WEEK
    count = min(most, (latest - earliest).days // 7 + 1)
    return tuple(latest - n * _WEEK for n in reversed(range(count)))


def weeks_needed(weeks: int) -> int:
    """Weeks of history without which a forecast so far ahead cannot be tested."""
    return LEAST_TRAINING_WEEKS + weeks + LEAST_ORIGINS - 1


def roll(
    series: Series,
    origins: Sequence[date],
    weeks: int,
    grain: Grain,
    *,
    model: Model = chosen,
    advance: Callable[[], None] = lambda: None,
) -> Trials:
    """Forecast `weeks` from each origin with the model and with seasonal naive."""
    differences = _weekly_differences(series, grain)
    ordinals = series.day_ordinals(grain)
    numbers: list[Ints] = []
    found: list[tuple[Floats, ...]] = []
    for number, origin in enumerate(origins):
        history = series.before(origin)
        future = series.between(origin, origin + weeks * _WEEK - timedelta(days=1))
        actual = future.by(grain, future.counts)
        known = ~np.isnan(actual)
        numbers.append(
            np.stack(
                [
                    np.full(int(known.sum()), number),
                    future.day_ordinals(grain)[known],
                    (future.day_ordinals(grain)[known] - origin.toordinal()) // 7 + 1,
                ]
            )
        )
        found.append(
            (
                future.by(grain, model(history, future))[known],
                actual[known],
                future.by(grain, seasonal_naive(history, future))[known],
                np.full(int(known.sum()), _scale(differences[ordinals < origin.toordinal()])),
            )
        )
        advance()
    origin_of, days, horizons = np.concatenate(numbers, axis=1)
    forecasts, actuals, naive, scale = (np.concatenate(part) for part in zip(*found, strict=True))
    errors = Errors(forecasts, actuals, horizons)
    return Trials(tuple(origins), origin_of, errors, naive, scale, days)


def covered(trials: Trials) -> tuple[Floats, ...]:
    """Of each target and level: 1 within its interval, 0 outside, not a number without one."""
    within = tuple(np.full(len(trials.naive), np.nan) for _ in LEVELS)
    for number, origin in enumerate(trials.origins):
        known = (trials.day_ordinals < origin.toordinal()) & (trials.origin_of < number)
        if not known.any():
            continue
        intervals = Intervals(trials.errors.chosen(known))
        at = trials.origin_of == number
        here = trials.errors.chosen(at)
        for level, column in zip(LEVELS, within, strict=True):
            low, high = intervals.bounds(here.forecasts, here.horizons, level)
            inside = (here.actuals >= low) & (here.actuals <= high)
            column[at] = np.where(np.isnan(low), np.nan, inside)
    return within


def scores(
    trials: Trials, within: Sequence[Floats], which: NDArray[np.bool_]
) -> tuple[Score, Score]:
    """The model's and seasonal naive's over the targets of a mask, which must not be empty."""
    actuals, scale = trials.errors.actuals[which], trials.scale[which]
    coverage = tuple(share(column[which]) for column in within)
    return (
        Score(len(actuals), *_errors(trials.errors.forecasts[which], actuals, scale), coverage),
        Score(len(actuals), *_errors(trials.naive[which], actuals, scale)),
    )


def mase(forecasts: Floats, actuals: Floats, scale: Floats | float) -> float:
    """Mean absolute scaled error: below 1 is better than seasonal naive was one week ahead."""
    return float(np.mean(np.abs(forecasts - actuals) / scale))


def wape(forecasts: Floats, actuals: Floats) -> float:
    """Weighted absolute percentage error, as a share; not a number when nobody came."""
    total = float(actuals.sum())
    return float(np.abs(forecasts - actuals).sum()) / total if total else float("nan")


def share(flags: Floats) -> float:
    """Mean of those that are numbers; not a number when none is."""
    known = flags[~np.isnan(flags)]
    return float(known.mean()) if len(known) else float("nan")


def _errors(forecasts: Floats, actuals: Floats, scale: Floats) -> tuple[float, float]:
    return mase(forecasts, actuals, scale), wape(forecasts, actuals)


def _scale(differences: Floats) -> float:
    """Their mean; 1 visitor where nothing is known or nothing ever changed."""
    known = differences[~np.isnan(differences)]
    return float(known.mean()) if len(known) and known.mean() > 0 else 1.0


def _weekly_differences(series: Series, grain: Grain) -> Floats:
    """Of each target, the distance from the last known one of the same slot of the week."""
    values, season = series.by(grain, series.counts), series.season(grain)
    differences = np.full(len(values), np.nan)
    last: dict[int, float] = {}
    for place, (cell, value) in enumerate(zip(season.tolist(), values.tolist(), strict=True)):
        if value == value:  # is a number
            if cell in last:
                differences[place] = abs(value - last[cell])
            last[cell] = value
    return differences
