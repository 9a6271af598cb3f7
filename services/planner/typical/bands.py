"""Quantile bands of a week: by weekday and slot, how many come on most days. Pure.

Only open slots have a cell, and only known counts are in it: a closed slot is no zero, and an hour
in which no device was heard is none either.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.planner.slots.observed import Observed

MIN_N = 5
"""Fewer values make no band, only a median."""

Cell = tuple[int, int]
"""ISO weekday, and minutes of the site's clock after midnight."""


@dataclass(frozen=True, slots=True)
class Band:
    """The known counts of one cell."""

    values: tuple[int, ...]
    """In order of size."""
    unknown: int
    """How often the slot was open and nobody knows how many came."""

    @property
    def n(self) -> int:
        """Number of known counts."""
        return len(self.values)

    @property
    def median(self) -> float | None:
        """None when no count is known."""
        return quantile(self.values, 0.5)

    @property
    def p10(self) -> float | None:
        """None below MIN_N values."""
        return quantile(self.values, 0.1) if self.n >= MIN_N else None

    @property
    def p90(self) -> float | None:
        """None below MIN_N values."""
        return quantile(self.values, 0.9) if self.n >= MIN_N else None


def quantile(values: Sequence[int], share: float) -> float | None:
    """Quantile of sorted values, linear between them (type 7, as in R and numpy); None of none."""
    if not values:
        return None
    place = share * (len(values) - 1)
    below = int(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (values[above] - values[below]) * (place - below)


def bands(
    observed: Iterable[Observed], keep: Callable[[date], bool] = lambda _: True
) -> Mapping[Cell, Band]:
    """The band of each cell that was ever open, over the days to keep, in order of the week."""
    values: dict[Cell, list[int]] = defaultdict(list)
    unknown: dict[Cell, int] = defaultdict(int)
    for one in observed:
        if not keep(one.slot.day):
            continue
        cell = (one.slot.day.isoweekday(), one.slot.minute)
        unknown[cell] += one.passages is None
        if one.passages is not None:
            values[cell].append(one.passages)
    return {cell: Band(tuple(sorted(values[cell])), unknown[cell]) for cell in sorted(unknown)}
