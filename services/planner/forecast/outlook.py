"""What is shown: each future slot or day beside seasonal naive, and the verdict. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from services.planner.forecast.backtest import (
    LEAST_TRAINING_WEEKS,
    Score,
    covered,
    origins_of,
    roll,
    scores,
    weeks_needed,
)
from services.planner.forecast.intervals import LEVELS, Intervals
from services.planner.forecast.models import Model, chosen, seasonal_naive
from services.planner.forecast.series import Grain, Series

RECENT_WEEKS = 4
"""Somebody must have been counted so shortly before the forecast begins."""


class TooLittleHistory(Exception):
    """A forecast cannot be made or tested; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Expected:
    """One future open slot or day. Intervals in the order of LEVELS, None where unknown."""

    day: date
    label: str | None
    """`09:00`; None for a day."""
    forecast: float
    naive: float
    intervals: tuple[tuple[int, int] | None, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """Scores over some weeks ahead."""

    name: str
    model: Score
    naive: Score


@dataclass(frozen=True, slots=True)
class Outlook:
    """The forecast, and how such forecasts did in the past."""

    expected: tuple[Expected, ...]
    trials: tuple[Trial, ...]
    """By weeks ahead; the last is over all."""
    origins: int

    @property
    def beats_naive(self) -> bool:
        """True when the mean absolute scaled error over all weeks was the smaller one."""
        return self.trials[-1].model.mase < self.trials[-1].naive.mase

    @property
    def verdict(self) -> str:
        """The back-test in one plain sentence."""
        model, naive = self.trials[-1].model.mase, self.trials[-1].naive.mase
        tested = f"over {self.origins} forecasts of the past"
        if not self.beats_naive:
            return (
                f"This forecast does not beat seasonal naive: {tested} its MASE was {model:.2f},"
                f" that of seasonal naive {naive:.2f}. Use the seasonal naive figures."
            )
        worse = [one.name for one in self.trials[:-1] if one.model.mase >= one.naive.mase]
        but = f", but not in {' and '.join(worse)}" if worse else ""
        return (
            f"This forecast beats seasonal naive: {tested} its error was"
            f" {1 - model / naive:.0%} smaller{but}."
        )


def outlook(
    series: Series,
    begin: date,
    weeks: int,
    grain: Grain,
    *,
    most_origins: int,
    model: Model = chosen,
    started: Callable[[int], None] = lambda _: None,
    advance: Callable[[], None] = lambda: None,
) -> Outlook:
    """Forecast the open slots of `weeks` from `begin`, which the series holds without counts.

    `started` hears how many steps there are, `advance` each of them. Raises TooLittleHistory.
    """
    end = begin - timedelta(days=1)
    history = series.before(begin)
    known_days = _known_days(history)
    _check(known_days, begin, weeks)
    future = series.between(begin, begin + timedelta(weeks=weeks, days=-1))
    if not future.days:
        raise TooLittleHistory(
            f"the site is closed on all days of the {weeks} weeks from {begin}: nothing to forecast"
        )
    origins = origins_of(known_days[0], end, weeks, most_origins)
    started(len(origins) + 1)
    trials = roll(history, origins, weeks, grain, model=model, advance=advance)
    if not len(trials.naive):
        raise TooLittleHistory(
            f"no {grain} of the weeks to test on is wholly known;"
            + (" ask --by hour, and" if grain == "day" else "")
            + " see `passage history --coverage` for what devices missed"
        )
    within = covered(trials)
    tried = tuple(
        Trial(name, *scores(trials, within, which))
        for name, first, last in _spans(weeks)
        if (which := (first <= trials.errors.horizons) & (trials.errors.horizons <= last)).any()
    )
    intervals = Intervals(trials.errors)
    forecasts = future.by(grain, model(history, future))
    naive = future.by(grain, seasonal_naive(history, future))
    ordinals = future.day_ordinals(grain)
    horizons = (ordinals - begin.toordinal()) // 7 + 1
    bounds = [intervals.bounds(forecasts, horizons, level) for level in LEVELS]
    advance()
    labels: list[str | None] = (
        [slot.label for slot in future.slots] if grain == "hour" else [None] * len(future.days)
    )
    expected = tuple(
        Expected(
            date.fromordinal(int(ordinals[place])),
            label,
            float(forecasts[place]),
            float(naive[place]),
            tuple(_whole(low[place], high[place]) for low, high in bounds),
        )
        for place, label in enumerate(labels)
    )
    return Outlook(expected, tried, len(origins))


def _known_days(history: Series) -> list[date]:
    known = np.unique(history.day_of[~np.isnan(history.counts)])
    return [history.days[place] for place in known.tolist()]


def _check(known: list[date], begin: date, weeks: int) -> None:
    needed = weeks_needed(weeks)
    if not known or (begin - known[0]).days < 7 * needed:
        since = f"begins on {known[0]}" if known else "holds nothing"
        there = (begin - known[0]).days // 7 if known else 0
        raise TooLittleHistory(
            f"a forecast of {weeks} weeks needs {needed} weeks of history"
            f" ({LEAST_TRAINING_WEEKS} to learn from, the rest to test on);"
            f" what is recorded before {begin} {since}: {there} weeks."
            " Ask for fewer --weeks, or import the site's older counts"
        )
    if (begin - known[-1]).days > 7 * RECENT_WEEKS:
        raise TooLittleHistory(
            f"nothing is known after {known[-1]}, more than {RECENT_WEEKS} weeks before {begin};"
            f" see `passage history --coverage`, or forecast from the past with"
            f" --from {known[-1] + timedelta(days=1)}"
        )


def _spans(weeks: int) -> Iterator[tuple[str, int, int]]:
    for first, last in ((1, 1), (2, 4), (5, 8)):
        if first <= weeks:
            last = min(last, weeks)
            yield (f"week {first}" if first == last else f"weeks {first}–{last}", first, last)
    if weeks > 1:
        yield "all weeks", 1, weeks


def _whole(low: float, high: float) -> tuple[int, int] | None:
    return None if np.isnan(low) or np.isnan(high) else (int(low), int(high))
