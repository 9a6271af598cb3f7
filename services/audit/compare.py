"""Where two ways of counting disagree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from services.core.calendar import from_us
from services.core.footfall import Footfall, FootfallKey

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure of one bucket that is kept otherwise than recomputed."""

    key: FootfallKey
    measure: str
    kept: int
    from_visits: int
    from_events: int

    def __str__(self) -> str:
        return (
            f"{from_us(self.key.bucket_start_us)} {'/'.join(self.key[1:])} {self.measure}: "
            f"kept {self.kept}, from visits {self.from_visits}, from events {self.from_events}"
        )


def differences(kept: Footfall, visits: Footfall, events: Footfall) -> Iterator[Difference]:
    """Every measure, bin of the sketches and transfer on which the three do not agree."""
    flat = [_flatten(footfall) for footfall in (kept, visits, events)]
    for key, measure in sorted(set().union(*flat)):
        counts = [one.get((key, measure), 0) for one in flat]
        if len(set(counts)) > 1:
            yield Difference(key, measure, *counts)


def surplus(wanted: Footfall, kept: Footfall) -> Footfall:
    """What must be added to `kept` to make it `wanted`."""
    keys = wanted.measures.keys() | kept.measures.keys()
    measures = {
        key: row
        for key in keys
        if (row := _subtract(wanted.measures.get(key, {}), kept.measures.get(key, {})))
    }
    return Footfall(
        measures,
        _subtract(wanted.bins, kept.bins),
        _subtract(wanted.transfers, kept.transfers),
    )


def _subtract(a: dict[K, int], b: dict[K, int]) -> dict[K, int]:
    return {k: n for k in a.keys() | b.keys() if (n := a.get(k, 0) - b.get(k, 0))}


def _flatten(footfall: Footfall) -> dict[tuple[FootfallKey, str], int]:
    flat = {
        (key, measure): n for key, row in footfall.measures.items() for measure, n in row.items()
    }
    flat |= {
        (wait_bin.key, f"{wait_bin.measure} bin {wait_bin.bin}"): n
        for wait_bin, n in footfall.bins.items()
    }
    flat |= {
        (one.key, f"transfers from {one.from_directorate}/{one.from_service}"): n
        for one, n in footfall.transfers.items()
    }
    return flat
