"""Two forecasts of open slots: seasonal naive, and the one that was chosen by back-test.

The chosen one forecasts the day and deals it out over the open slots of its weekday. The day is the
mean of two models that err differently: a Poisson regression on the calendar (weekday, first days
of the month, bridges, days after a closure, school holidays, time of year) brought to the present
level, and exponential smoothing (statsforecast's AutoETS). docs/forecast.md says how it was chosen.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from services.planner.forecast.series import DAY_MINUTES, Floats, Ints, Series, weekdays

Model = Callable[[Series, Series], Floats]
"""History and future slots to the expected passages of each future slot."""

PROFILE_HALF_LIFE_DAYS = 26 * 7
REGRESSION_HALF_LIFE_DAYS = 104 * 7
LEVEL_HALF_LIFE = 20
"""In open days."""
SMOOTHED_WEEKS = 104
HARMONICS = 2
"""Waves of the year; left out under YEARLY_DAYS of history."""
YEARLY_DAYS = 78 * 7
RIDGE = 1.0
SEEN_SHARE = 0.5
"""A day is used when at least this share of its visitors is expected in slots that are known."""


def seasonal_naive(history: Series, future: Series) -> Floats:
    """The last known count of the same slot of the week; the nearest slot's where it had none."""
    known = ~np.isnan(history.counts)
    last = dict(zip(history.cells[known].tolist(), history.counts[known].tolist(), strict=True))
    return _looked_up(last, future.cells)


def chosen(history: Series, future: Series) -> Floats:
    """Expected passages of each future slot. The history must hold some passages."""
    shares = _profile(history)
    of_slots = _looked_up(shares, history.cells)
    known = ~np.isnan(history.counts)
    seen = history.day_sums(np.where(known, of_slots, 0.0))
    usable = seen >= SEEN_SHARE
    totals = history.day_sums(np.where(known, history.counts, 0.0))
    totals = np.divide(totals, seen, out=np.zeros_like(totals), where=usable)

    waves = HARMONICS if history.ordinals[-1] - history.ordinals[0] >= YEARLY_DAYS else 0
    open_weekdays = np.unique(weekdays(history.ordinals))
    past = _calendar(history, open_weekdays, waves)
    age = history.ordinals[-1] - history.ordinals
    weights = seen * usable * 0.5 ** (age / REGRESSION_HALF_LIFE_DAYS)
    effects = _poisson(past[usable], totals[usable], weights[usable])
    fitted = np.exp(past @ effects)
    level = _level(np.log(np.maximum(totals[usable], 0.5) / fitted[usable]))
    ahead = _calendar(future, open_weekdays, waves)
    regression = np.exp(ahead @ effects + level)

    # Smoothing knows weekdays only: what the flags explain is taken out before and put back after.
    flags = slice(len(open_weekdays), len(open_weekdays) + history.flags.shape[1])
    usual = fitted / np.exp(past[:, flags] @ effects[flags])
    seen_usual = np.where(usable, totals * usual / fitted, usual * np.exp(level))
    smoothed = _smoothed(
        history.ordinals, seen_usual, future.ordinals, open_weekdays, usual * np.exp(level)
    ) * np.exp(ahead[:, flags] @ effects[flags])
    days = np.where(np.isnan(smoothed), regression, (regression + smoothed) / 2)
    return np.maximum(days, 0.0)[future.day_of] * _looked_up(shares, future.cells)


def _profile(history: Series) -> dict[int, float]:
    """Share of a day's visitors that come in each slot of the week, recent weeks first."""
    totals = history.day_sums(history.counts)
    age = history.ordinals[-1] - history.ordinals
    weights = np.where(np.isnan(totals), 0.0, 0.5 ** (age / PROFILE_HALF_LIFE_DAYS))
    cells, place = np.unique(history.cells, return_inverse=True)
    of_slots = weights[history.day_of]
    counted = np.bincount(place, of_slots * np.nan_to_num(history.counts))
    possible = np.bincount(place, of_slots * np.nan_to_num(totals)[history.day_of])
    found = possible > 0
    if not found.any():
        return _profile_of_parts(history, cells, place)
    return dict(
        zip(cells[found].tolist(), (counted[found] / possible[found]).tolist(), strict=True)
    )


def _profile_of_parts(history: Series, cells: Ints, place: Ints) -> dict[int, float]:
    """The same where no day is known as a whole: each slot's mean over those of its weekday."""
    known = ~np.isnan(history.counts)
    often = np.bincount(place[known], minlength=len(cells))
    sums = np.bincount(place[known], history.counts[known], minlength=len(cells))
    # Where nobody ever came, all slots are alike.
    means = sums / np.maximum(often, 1) if sums.any() else np.ones(len(cells))
    weekday = cells // DAY_MINUTES
    totals = np.bincount(weekday, means)[weekday]
    found = (often > 0) & (totals > 0)
    return dict(zip(cells[found].tolist(), (means[found] / totals[found]).tolist(), strict=True))


def _looked_up(values: dict[int, float], cells: Ints) -> Floats:
    """The value of each slot of the week; where it has none, of the nearest, same weekday first."""
    found = {
        cell: values[cell] if cell in values else values[min(values, key=_distance_from(cell))]
        for cell in np.unique(cells).tolist()
    }
    return np.array([found[cell] for cell in cells.tolist()], dtype=np.float64)


def _distance_from(cell: int) -> Callable[[int], tuple[bool, int, int]]:
    weekday, minute = divmod(cell, DAY_MINUTES)

    def distance(other: int) -> tuple[bool, int, int]:
        its_weekday, its_minute = divmod(other, DAY_MINUTES)
        return its_weekday != weekday, abs(its_minute - minute), abs(its_weekday - weekday)

    return distance


def _calendar(series: Series, open_weekdays: Ints, waves: int) -> Floats:
    """What the regression knows of each day: a constant, weekdays, flags, the time of year."""
    of_days = weekdays(series.ordinals)
    angle = series.ordinals * (2 * np.pi / 365.2425)
    columns = [np.ones(len(of_days))]
    columns += [(of_days == weekday).astype(np.float64) for weekday in open_weekdays[1:]]
    columns += list(series.flags.T)
    for k in range(1, waves + 1):
        columns += [np.sin(k * angle), np.cos(k * angle)]
    return np.column_stack(columns)


def _poisson(rows: Floats, totals: Floats, weights: Floats) -> Floats:
    """Effects of a Poisson regression with log link, by reweighted least squares with a ridge.

    The ridge is on the scale of days, not of visitors: a rare flag counts for little at a site
    with many visitors too.
    """
    effects = np.zeros(rows.shape[1])
    effects[0] = np.log(max(float(np.average(totals, weights=weights)), 1e-3))
    penalty = np.eye(rows.shape[1]) * RIDGE
    penalty[0, 0] = 0.0
    for _ in range(25):
        linear = np.clip(rows @ effects, -20.0, 20.0)
        mean = np.exp(linear)
        working = weights * mean / np.average(mean, weights=weights)
        target = linear + (totals - mean) / mean
        weighted = rows.T * working
        better = np.linalg.solve(weighted @ rows + penalty, weighted @ target)
        done = np.max(np.abs(better - effects)) < 1e-8
        effects = np.clip(better, -20.0, 20.0)
        if done:
            break
    return effects


def _level(residuals: Floats) -> float:
    """Where the flow is now against the regression: residual logs, recent days first."""
    level, step = 0.0, 1 - 0.5 ** (1 / LEVEL_HALF_LIFE)
    for residual in residuals.tolist():
        level += step * (residual - level)
    return level


def _smoothed(
    past: Ints, totals: Floats, future: Ints, open_weekdays: Ints, usual_totals: Floats
) -> Floats:
    """Exponential smoothing by weekday; closed days stand in the past as their weekday's usual.

    Not a number for a weekday on which the site did not open before.
    """
    # Slow to import, and needed by nobody else.
    from statsforecast.models import AutoETS

    grid = np.arange(past[0], future[-1] + 1)
    grid = grid[np.isin(weekdays(grid), open_weekdays)]
    until = np.searchsorted(grid, future[0])
    usual = {
        weekday: float(np.mean(usual_totals[weekdays(past) == weekday][-8:]))
        for weekday in open_weekdays.tolist()
    }
    known = dict(zip(past.tolist(), totals.tolist(), strict=True))
    values = np.array(
        [
            known.get(day, usual[weekday])
            for day, weekday in zip(
                grid[:until].tolist(), weekdays(grid[:until]).tolist(), strict=True
            )
        ]
    )[-SMOOTHED_WEEKS * len(open_weekdays) :]
    season = len(open_weekdays)
    ahead = len(grid) - int(until)
    if ahead == 0:
        return np.full(len(future), np.nan)
    model = AutoETS(season_length=season, model="ANA" if season > 1 else "ANN")
    mean = dict(zip(grid[until:].tolist(), model.forecast(y=values, h=ahead)["mean"], strict=True))
    return np.array([mean.get(day, np.nan) for day in future.tolist()])
