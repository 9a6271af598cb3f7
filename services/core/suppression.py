"""Small cells of a table for publication: which figures to hide, so that none can be worked out.

A count of 1 to 4 may point at a person (*primary* suppression). A hidden cell could often be
computed from its row's or column's total; so further cells are hidden beside it (*complementary*
suppression). Zero stays zero and unknown stays unknown: neither hides anybody.

What is protected against: a reader who knows the table, its totals, and that hidden figures are not
zero, and who solves all of that together. The table is a circulation (a cell flows from its row to
its column, totals carry it back), so such a reader is left in doubt about a cell exactly when
one person more or less in it can be made good around a circle of hidden figures. Each small cell
gets the circle that hides the fewest further people; totals are hidden only if nothing else helps.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal, NamedTuple

SMALLEST_PUBLISHED = 5
"""Counts of persons from here on are published."""


class Mark(Enum):
    """What stands in the place of a figure."""

    SUPPRESSED = "suppressed"
    """One mark for small and for complementary cells: two would tell which are small."""


SUPPRESSED: Final = Mark.SUPPRESSED
Count = int | None
Published = Count | Literal[Mark.SUPPRESSED]


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """A table fit to be published; totals are sums of what is known."""

    cells: tuple[tuple[Published, ...], ...]
    row_totals: tuple[Published, ...]
    column_totals: tuple[Published, ...]
    total: Published


class _Figure(NamedTuple):
    """A cell or a total: it flows from the node `tail` to the node `head`."""

    tail: int
    head: int
    persons: int
    cost: int


def suppress(cells: Sequence[Sequence[Count]]) -> PublishedTable:
    """The table with its totals, small figures and those that would betray them hidden.

    `cells` are rows of equal length, of counts of people; None is unknown and adds nothing to the
    totals (a total of nothing but unknowns is unknown). Raises ValueError for anything else.
    """
    width = len(cells[0]) if cells else 0
    if any(len(row) != width for row in cells):
        raise ValueError("the rows are not of equal length")
    if any(count is not None and count < 0 for row in cells for count in row):
        raise ValueError("a count is negative")
    row_totals = [_sum(row) for row in cells]
    column_totals = [_sum([row[j] for row in cells]) for j in range(width)]
    total = _sum(row_totals)
    figures = list(_figures(cells, row_totals, column_totals, total))
    hidden = {(figure.tail, figure.head) for figure in _hidden(figures)}
    rows, columns = len(cells), width

    def published(count: Count, tail: int, head: int) -> Published:
        return SUPPRESSED if (tail, head) in hidden else count

    source, sink = rows + columns, rows + columns + 1
    return PublishedTable(
        tuple(
            tuple(published(count, i, rows + j) for j, count in enumerate(row))
            for i, row in enumerate(cells)
        ),
        tuple(published(count, source, i) for i, count in enumerate(row_totals)),
        tuple(published(count, rows + j, sink) for j, count in enumerate(column_totals)),
        published(total, sink, source),
    )


def _sum(counts: Sequence[Count]) -> Count:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _figures(
    cells: Sequence[Sequence[Count]],
    row_totals: Sequence[Count],
    column_totals: Sequence[Count],
    total: Count,
) -> Iterator[_Figure]:
    """All figures above zero; the nodes are rows, columns, and where totals start and end."""
    rows, columns = len(row_totals), len(column_totals)
    source, sink = rows + columns, rows + columns + 1
    # One total costs more than all cells together, the grand total more than all other totals.
    total_cost = (total or 0) + 1
    grand_cost = total_cost * (rows + columns + 1)
    for i, row in enumerate(cells):
        for j, count in enumerate(row):
            if count:
                yield _Figure(i, rows + j, count, count)
    for i, count in enumerate(row_totals):
        if count:
            yield _Figure(source, i, count, total_cost)
    for j, count in enumerate(column_totals):
        if count:
            yield _Figure(rows + j, sink, count, total_cost)
    if total:
        yield _Figure(sink, source, total, grand_cost)


def _hidden(figures: list[_Figure]) -> set[_Figure]:
    """The figures to hide."""
    steps = _steps(figures)
    small = [figure for figure in figures if figure.persons < SMALLEST_PUBLISHED]
    hidden = set(small)
    protected: set[_Figure] = set()
    for figure in small:
        if figure in protected:
            continue
        # One more in the figure comes back from its head to its tail, one fewer the other way.
        circles = [_cheapest_path(steps, hidden, figure, figure.head, figure.tail)]
        if figure.persons > 1:
            circles.append(_cheapest_path(steps, hidden, figure, figure.tail, figure.head))
        # There always is one: whoever is in a cell is in its row, its column and the total.
        # It protects all that it runs through, and hiding more never takes it away.
        _, circle = min(found for found in circles if found is not None)
        protected.update(circle)
        hidden.update(circle)
    return hidden


def _steps(figures: list[_Figure]) -> dict[int, list[tuple[int, _Figure]]]:
    """From each node, where one person more or fewer in a figure leads."""
    steps: dict[int, list[tuple[int, _Figure]]] = defaultdict(list)
    for figure in figures:
        steps[figure.tail].append((figure.head, figure))
        if figure.persons > 1:  # one fewer, and still not zero
            steps[figure.head].append((figure.tail, figure))
    return steps


def _cheapest_path(
    steps: dict[int, list[tuple[int, _Figure]]],
    hidden: set[_Figure],
    without: _Figure,
    start: int,
    end: int,
) -> tuple[int, list[_Figure]] | None:
    """Cost and figures of the path that hides the fewest people not hidden yet (Dijkstra)."""
    waiting: list[tuple[int, int, int, _Figure]] = [(0, start, start, without)]
    came_by: dict[int, tuple[int, _Figure]] = {}
    while waiting:
        cost, node, previous, figure = heapq.heappop(waiting)
        if node in came_by:
            continue
        came_by[node] = previous, figure
        if node == end:
            break
        for neighbour, step in steps[node]:
            if neighbour not in came_by and step != without:
                more = 0 if step in hidden else step.cost
                heapq.heappush(waiting, (cost + more, neighbour, node, step))
    else:
        return None
    path = []
    while node != start:
        node, figure = came_by[node]
        path.append(figure)
    return cost, path
