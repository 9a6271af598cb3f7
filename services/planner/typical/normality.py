"""Where a count lies in what is usual for its weekday and slot. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from services.planner.slots.observed import Observed
from services.planner.typical.bands import Band, Cell

Verdict = Literal["low", "usual", "high", "unknown"]
"""Below p10, between p10 and p90, above p90; unknown without a count or with too few to compare."""

_EMPTY = Band((), 0)


@dataclass(frozen=True, slots=True)
class Place:
    """One count beside its band."""

    observed: Observed
    band: Band
    rank: float | None
    """Share of the band's counts below it, equal ones counted by half, 0 to 1."""
    verdict: Verdict


def place(observed: Observed, band: Band) -> Place:
    """Where the count lies in the band."""
    count, p10, p90 = observed.passages, band.p10, band.p90
    if count is None or p10 is None or p90 is None:
        return Place(observed, band, None, "unknown")
    below, up_to = bisect_left(band.values, count), bisect_right(band.values, count)
    verdict: Verdict = "low" if count < p10 else "high" if count > p90 else "usual"
    return Place(observed, band, (below + up_to) / 2 / band.n, verdict)


def places(observed: Iterable[Observed], bands: Mapping[Cell, Band]) -> Iterator[Place]:
    """Each slot beside the band of its weekday and time."""
    for one in observed:
        yield place(one, bands.get((one.slot.day.isoweekday(), one.slot.minute), _EMPTY))
