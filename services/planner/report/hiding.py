"""Which figures of a report to hide, so that no small count can be worked out from all its tables.

The tables are linked: the services of a directorate, its channels and its months all add up to it,
and the services of the sites add up to the sites. `suppress` protects one table with its totals
exactly; here its choices are carried through every sum in which their figures stand, until no sum
has one hidden figure alone, or hidden figures so few that their sum gives them away, and nobody who
solves all sums together finds a small figure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from services.core.suppression import SMALLEST_PUBLISHED, SUPPRESSED, suppress

_PRIME = 2**61 - 1
"""Sums are solved modulo it: exact, and no fractions."""


class Key(NamedTuple):
    """A figure of people: what is counted, and of whom; None is all."""

    measure: str
    site: str | None = None
    directorate: str | None = None
    service: str | None = None
    channel: str | None = None
    piece: str | None = None
    """A month, a weekday and hour, or whence somebody was sent on."""


class Sum(NamedTuple):
    """A figure and the parts that add up to it."""

    total: Key
    parts: tuple[Key, ...]


class Grid(NamedTuple):
    """A table of figures with a total of each row and column, and of all."""

    cells: tuple[tuple[Key, ...], ...]
    row_totals: tuple[Key, ...]
    column_totals: tuple[Key, ...]
    total: Key

    def sums(self) -> Iterable[Sum]:
        """Every sum in it."""
        for total, cells in zip(self.row_totals, self.cells, strict=True):
            yield Sum(total, cells)
        for total, cells in zip(self.column_totals, zip(*self.cells, strict=True), strict=True):
            yield Sum(total, cells)
        yield Sum(self.total, self.row_totals)
        yield Sum(self.total, self.column_totals)


def hidden(counts: Mapping[Key, int], grids: Sequence[Grid], sums: Sequence[Sum]) -> frozenset[Key]:
    """The figures of these grids and sums to hide.

    A figure that is not in `counts` is zero; zero is never hidden.
    """
    every = [*sums, *(one for grid in grids for one in grid.sums())]
    known = {key for one in every for key in (one.total, *one.parts)}
    found = {key for key in known if 0 < counts.get(key, 0) < SMALLEST_PUBLISHED}
    for grid in grids:
        found |= _hidden_in(grid, counts)
    _close(found, counts, every)
    while betrayed := {key for key in solvable(found, every) if counts[key] < SMALLEST_PUBLISHED}:
        more = _beside(min(betrayed, key=str), found, counts, every)
        if more is None:
            break
        found.add(more)
        _close(found, counts, every)
    return frozenset(found)


def solvable(found: Iterable[Key], sums: Sequence[Sum]) -> frozenset[Key]:
    """The hidden figures that follow from the shown ones, all sums solved together."""
    unknown = set(found)
    pivots: dict[Key, dict[Key, int]] = {}
    for one in sums:
        row = {key: 1 for key in one.parts if key in unknown}
        if one.total in unknown:
            row[one.total] = _PRIME - 1
        for key in [key for key in row if key in pivots]:
            _subtract(row, pivots[key], row[key])
        if not row:
            continue
        pivot = min(row, key=str)
        inverse = pow(row[pivot], -1, _PRIME)
        row = {key: n * inverse % _PRIME for key, n in row.items()}
        for other in pivots.values():
            if pivot in other:
                _subtract(other, row, other[pivot])
        pivots[pivot] = row
    return frozenset(pivot for pivot, row in pivots.items() if len(row) == 1)


def _subtract(row: dict[Key, int], other: Mapping[Key, int], times: int) -> None:
    for key, n in other.items():
        left = (row.get(key, 0) - times * n) % _PRIME
        if left:
            row[key] = left
        else:
            row.pop(key, None)


def _beside(
    key: Key, found: set[Key], counts: Mapping[Key, int], sums: Sequence[Sum]
) -> Key | None:
    """The figure to hide for one that follows from the shown ones: small, no total, and near it.

    None when all is hidden.
    """
    shown = {
        (key not in members, member == one.total, counts.get(member, 0), str(member)): member
        for one in sums
        if found & (members := {one.total, *one.parts})
        for member in members - found
        if counts.get(member, 0) > 0
    }
    return shown[min(shown)] if shown else None


def _hidden_in(grid: Grid, counts: Mapping[Key, int]) -> set[Key]:
    if not grid.cells or not grid.column_totals:
        return set()
    table = suppress([[counts.get(key, 0) for key in row] for row in grid.cells])
    marked = [
        *(
            (key, cell)
            for keys, cells in zip(grid.cells, table.cells, strict=True)
            for key, cell in zip(keys, cells, strict=True)
        ),
        *zip(grid.row_totals, table.row_totals, strict=True),
        *zip(grid.column_totals, table.column_totals, strict=True),
        (grid.total, table.total),
    ]
    return {key for key, cell in marked if cell is SUPPRESSED}


def _close(found: set[Key], counts: Mapping[Key, int], sums: Sequence[Sum]) -> None:
    concerning: dict[Key, list[Sum]] = defaultdict(list)
    for one in sums:
        for key in (one.total, *one.parts):
            concerning[key].append(one)
    waiting = sorted({one for key in found for one in concerning[key]}, key=str)
    while waiting:
        one = waiting.pop()
        more = _one_more(one, found, counts)
        if more is not None:
            found.add(more)
            waiting += concerning[more]
            if one not in waiting:
                waiting.append(one)


def _one_more(one: Sum, found: set[Key], counts: Mapping[Key, int]) -> Key | None:
    """The figure to hide beside those of the sum that are hidden; None when they are safe."""
    parts = [key for key in one.parts if key in found]
    is_total_hidden = one.total in found
    if not parts and not is_total_hidden:
        return None
    if is_total_hidden and parts:
        return None
    if len(parts) > 1 and sum(counts.get(key, 0) for key in parts) >= SMALLEST_PUBLISHED:
        return None
    shown = [key for key in one.parts if key not in found and counts.get(key, 0) > 0]
    if shown:
        return min(shown, key=lambda key: (counts[key], str(key)))
    return None if is_total_hidden else one.total
