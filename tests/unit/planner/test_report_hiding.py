"""Small counts stay hidden through all tables of the report in which they stand."""

from __future__ import annotations

from collections import Counter
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from services.planner.report.hiding import Grid, Key, Sum, hidden, solvable

SITES, SERVICES = ("a", "b", "c"), ("p", "q", "r", "s")
DIRECTORATE = {"p": "one", "q": "one", "r": "two", "s": "two"}
GRID = Grid(
    tuple(tuple(Key("n", site, None, service) for service in SERVICES) for site in SITES),
    tuple(Key("n", site) for site in SITES),
    tuple(Key("n", None, None, service) for service in SERVICES),
    Key("n"),
)
SUMS = [
    *(
        Sum(
            Key("n", None, code),
            tuple(Key("n", None, None, of) for of in SERVICES if DIRECTORATE[of] == code),
        )
        for code in ("one", "two")
    ),
    Sum(Key("n"), (Key("n", None, "one"), Key("n", None, "two"))),
]
COUNTS = st.one_of(st.integers(0, 6), st.integers(0, 300))


def counts_of(cells: list[int]) -> Counter[Key]:
    counts: Counter[Key] = Counter()
    for (site, service), n in zip(product(SITES, SERVICES), cells, strict=True):
        for key in (
            Key("n", site, None, service),
            Key("n", site),
            Key("n", None, None, service),
            Key("n", None, DIRECTORATE[service]),
            Key("n"),
        ):
            counts[key] += n
    return counts


@given(st.lists(COUNTS, min_size=12, max_size=12))
def test_no_sum_of_any_table_gives_a_hidden_figure_away(cells: list[int]) -> None:
    counts = counts_of(cells)
    found = hidden(counts, [GRID], SUMS)
    assert all(key in found for key, n in counts.items() if 0 < n < 5)
    assert all(counts[key] > 0 for key in found)
    for one in (*SUMS, *GRID.sums()):
        parts = [key for key in one.parts if key in found]
        if one.total in found:
            assert parts or not counts[one.total]
        elif parts:
            assert len(parts) > 1
            assert sum(counts[key] for key in parts) >= 5


@given(st.lists(COUNTS, min_size=12, max_size=12))
def test_nobody_finds_a_small_figure_who_solves_all_sums_together(cells: list[int]) -> None:
    counts = counts_of(cells)
    every = [*SUMS, *GRID.sums()]
    found = hidden(counts, [GRID], SUMS)
    assert not any(counts[key] < 5 for key in solvable(found, every))


def test_a_cell_between_two_tables_is_protected() -> None:
    # Each table for itself is safe; together they leave one figure to be found.
    counts = counts_of([0, 0, 9, 260, 0, 2, 1, 6, 2, 9, 0, 0])
    betrayed = Key("n", "b", None, "q")
    assert counts[betrayed] == 2
    assert betrayed not in solvable(hidden(counts, [GRID], SUMS), [*SUMS, *GRID.sums()])


def test_what_follows_from_the_sums_is_found() -> None:
    alone = {Key("n", "a", None, "p")}
    assert solvable(alone, list(GRID.sums())) == alone
    circle = {Key("n", site, None, service) for site in "ab" for service in "pq"}
    assert solvable(circle, list(GRID.sums())) == frozenset()


def test_nothing_is_hidden_where_nothing_is_small() -> None:
    assert hidden(counts_of([5, 10, 0, 7] * 3), [GRID], SUMS) == frozenset()
