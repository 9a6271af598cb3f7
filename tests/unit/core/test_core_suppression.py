"""Small cells stay hidden, also from a reader who computes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.core.suppression import SUPPRESSED, Count, PublishedTable, suppress

Table = Sequence[Sequence[Count]]
S = SUPPRESSED


def figures(table: PublishedTable) -> list[list[object]]:
    """The table with its totals as last column and last row."""
    rows = [[*row, total] for row, total in zip(table.cells, table.row_totals, strict=True)]
    return [*rows, [*table.column_totals, table.total]]


def with_totals(cells: Table) -> list[list[Count]]:
    def total(counts: Sequence[Count]) -> Count:
        known = [n for n in counts if n is not None]
        return sum(known) if known else None

    rows = [[*row, total(row)] for row in cells]
    return [*rows, [total(column) for column in zip(*rows, strict=True)]]


def test_a_table_without_small_cells_is_published_whole() -> None:
    cells = [[5, 0, 120], [None, 7, 9]]
    assert figures(suppress(cells)) == with_totals(cells)


def test_a_small_cell_takes_three_more_with_it() -> None:
    cells = [[3, 20, 90], [40, 50, 60], [70, 80, 91]]
    assert figures(suppress(cells)) == [
        [S, S, 90, 113],
        [S, S, 60, 150],
        [70, 80, 91, 241],
        [113, 150, 241, 504],
    ]


def test_zero_stays_zero_and_unknown_stays_unknown() -> None:
    published = figures(suppress([[0, 3, None], [0, 12, 30], [0, 0, 40]]))
    assert [row[0] for row in published] == [0, 0, 0, 0]
    assert published[0][2] is None


def test_a_small_total_is_hidden_too() -> None:
    table = suppress([[2, 1], [50, 60]])
    assert table.row_totals[0] is S
    assert table.cells[0] == (S, S)


def test_cells_that_their_sum_would_force_to_one_are_not_alone() -> None:
    # 1 + 1 + 8 = 10: with the two hidden alone, their sum of 2 would say 1 and 1.
    table = suppress([[1, 1, 8], [30, 40, 50], [60, 70, 80]])
    assert table.cells[0] == (S, S, S)
    assert table.row_totals[0] == 10


def test_a_row_of_nothing_but_ones_hides_its_total() -> None:
    table = suppress([[1, 1, 1, 1, 1]])
    assert table.row_totals == (S,)
    assert table.total is S


@pytest.mark.parametrize("cells", [[], [[]], [[None]], [[0, 0]], [[0], [None]]])
def test_a_table_of_nobody_hides_nothing(cells: Table) -> None:
    assert S not in [shown for row in figures(suppress(cells)) for shown in row]


def test_a_table_of_one_small_cell_hides_all_of_it() -> None:
    assert figures(suppress([[3]])) == [[S, S], [S, S]]


@pytest.mark.parametrize(("cells", "said"), [([[1], [1, 2]], "equal length"), ([[-1]], "negative")])
def test_what_is_no_table_of_counts_is_refused(cells: Table, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        suppress(cells)


counts = st.sampled_from([0, 0, None, 1, 1, 1, 2, 2, 3, 4, 5, 6, 8, 12, 40, 200])


def tables(most_rows: int, most_columns: int) -> st.SearchStrategy[list[list[Count]]]:
    return st.integers(1, most_columns).flatmap(
        lambda width: st.lists(
            st.lists(counts, min_size=width, max_size=width), min_size=1, max_size=most_rows
        )
    )


def checked(examples: int) -> settings:
    return settings(max_examples=examples, deadline=None, derandomize=True)


@checked(150)
@given(tables(3, 3))
def test_no_hidden_figure_can_be_worked_out_from_all_that_is_published(cells: Table) -> None:
    published = figures(suppress(cells))
    true = with_totals(cells)
    pinned = {
        (i, j) for i, row in enumerate(published) for j, shown in enumerate(row) if shown is S
    }
    for other in _tables_that_look_the_same(cells, published):
        pinned = {(i, j) for i, j in pinned if other[i][j] == true[i][j]}
        if not pinned:
            return
    assert not pinned


def _tables_that_look_the_same(
    cells: Table, published: list[list[object]]
) -> Iterator[list[list[Count]]]:
    """Tables that a reader cannot tell from the true one: found by trial, one person up or down."""
    hidden = [
        (i, j) for i, row in enumerate(cells) for j, _ in enumerate(row) if published[i][j] is S
    ]
    for steps in product((1, -1, 0), repeat=len(hidden)):
        other = [list(row) for row in cells]
        for (i, j), step in zip(hidden, steps, strict=True):
            other[i][j] += step  # type: ignore[operator]
        if any(other[i][j] == 0 for i, j in hidden):
            continue
        full = with_totals(other)
        if all(
            shown is S or shown == n
            for row, of in zip(published, full, strict=True)
            for shown, n in zip(row, of, strict=True)
        ):
            yield full


@checked(100)
@given(st.integers(0, 2**32))
def test_each_line_hides_none_or_two_and_only_what_must_be_hidden(seed: int) -> None:
    chance = random.Random(seed)
    size = chance.randint(2, 12), chance.randint(2, 8)
    cells = [
        [chance.choice([0, None, 1, 2, 3, 7, 15, 90, 300]) for _ in range(size[1])]
        for _ in range(size[0])
    ]
    published, true = figures(suppress(cells)), with_totals(cells)
    for line in [*published, *map(list, zip(*published, strict=True))]:
        assert line.count(S) != 1
    for row, of in zip(published, true, strict=True):
        for shown, n in zip(row, of, strict=True):
            assert shown is S if n in (1, 2, 3, 4) else shown == n or (shown is S and n)
