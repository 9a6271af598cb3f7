"""Counts and what is known of them become rows: zeros, unknowns, closed hours."""

from __future__ import annotations

from services.core.suppression import SUPPRESSED
from services.planner.flow import Combination, Knowledge, Row, merged
from services.planner.terminal import grid
from tests.unit.planner.rows import DCL, DMI, counted, heard, hour, question

ASKED = question("2026-11-16")
NINE, TEN, ELEVEN = hour(16, 9), hour(16, 10), hour(16, 11)


def label(at: object) -> str:
    return f"{at}"


def answer(
    rows: list[Row], known: dict[object, Knowledge], combinations: list[Combination]
) -> list[Row]:
    pieces = {(at, label(at)): {None: knowledge} for at, knowledge in known.items()}
    return list(merged(rows, pieces, combinations, ASKED))  # type: ignore[arg-type]


def seen(rows: list[Row]) -> list[tuple[object, str | None, int | None]]:
    return [(row.at, row.of.directorate, row.measures.get("passages")) for row in rows]


def test_an_open_hour_in_which_nobody_came_is_zero() -> None:
    rows = answer(
        [counted(NINE, DCL, 3), counted(ELEVEN, DMI, 2)],
        {NINE: heard(), TEN: heard(), ELEVEN: heard()},
        [DCL, DMI],
    )
    assert seen(rows) == [
        (NINE, "dcl", 3),
        (NINE, "dmi", 0),
        (TEN, "dcl", 0),
        (TEN, "dmi", 0),
        (ELEVEN, "dcl", 0),
        (ELEVEN, "dmi", 2),
    ]
    assert {row.known for row in rows} == {"yes"}


def test_an_hour_that_no_device_vouches_for_is_unknown_and_not_zero() -> None:
    rows = answer([counted(NINE, DCL, 3)], {NINE: heard(), TEN: heard(covered=0)}, [DCL])
    assert seen(rows) == [(NINE, "dcl", 3), (TEN, "dcl", None)]
    assert [row.known for row in rows] == ["yes", "no"]


def test_a_closed_hour_has_no_row_unless_somebody_came_all_the_same() -> None:
    rows = answer([counted(TEN, DCL, 1)], {NINE: heard()}, [DCL, DMI])
    assert seen(rows) == [(NINE, "dcl", 0), (NINE, "dmi", 0), (TEN, "dcl", 1)]
    assert rows[-1].knowledge is None


def test_what_does_not_count_makes_no_row() -> None:
    rows = answer([counted(NINE, DCL, 0), counted(TEN, DCL, 0)], {TEN: heard(covered=0)}, [DCL])
    assert seen(rows) == [(TEN, "dcl", None)]


def test_hours_before_and_after_all_counts_are_there() -> None:
    rows = answer([counted(TEN, DCL, 1)], {NINE: heard(), ELEVEN: heard()}, [DCL])
    assert [row.at for row in rows] == [NINE, TEN, ELEVEN]


def test_each_site_has_its_own_knowledge() -> None:
    by_site = question("2026-11-16", split=("site",))
    lhay, nogent = (Combination(site, None, None, None) for site in ("sp-lhay", "sp-nogent"))
    known = {(NINE, label(NINE)): {"sp-lhay": heard(covered=0), "sp-nogent": heard()}}
    rows = list(merged([], known, [lhay, nogent], by_site))
    assert [(row.of.site, row.known) for row in rows] == [("sp-lhay", "no"), ("sp-nogent", "yes")]


def test_a_grid_tells_zero_unknown_and_closed_apart() -> None:
    rows = answer(
        [counted(NINE, DCL, 3), counted(TEN, DCL, 1)],
        {NINE: heard(), ELEVEN: heard(covered=0)},
        [DCL, DMI],
    )
    laid_out = grid(rows)
    assert laid_out.cells == ((3, 0), (1, None), (None, None))
    assert {piece[0] for piece, _ in laid_out.closed} == {TEN}
    assert laid_out.total == 4


def test_a_published_grid_hides_small_counts_and_what_betrays_them() -> None:
    rows = [
        *(counted(NINE, DCL, 3), counted(NINE, DMI, 40)),
        *(counted(TEN, DCL, 30), counted(TEN, DMI, 50)),
    ]
    laid_out = grid(rows, suppressed=True)
    assert laid_out.cells[0][0] is SUPPRESSED
    assert sum(cell is SUPPRESSED for row in laid_out.cells for cell in row) >= 4


def test_a_mean_wait_is_the_sum_over_the_count() -> None:
    row = Row(NINE, "", DCL, {"passages": 2, "waits": 2, "wait_ms": 90_000})
    assert row.mean_wait_s == 45
    assert Row(NINE, "", DCL, {"passages": 2, "waits": 0, "wait_ms": 0}).mean_wait_s is None
