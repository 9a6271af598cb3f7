"""An answer laid out as a table: time goes down, combinations go across."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.planner.flow import Combination, Piece, Row, in_order


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each row's passages stand."""

    pieces: tuple[Piece, ...]
    combinations: tuple[Combination, ...]
    cells: list[list[int | None]]
    """None where unknown, or closed."""
    closed: frozenset[tuple[Piece, Combination]]


def laid_out(rows: Sequence[Row]) -> Layout:
    """Lay the rows out."""
    pieces = tuple(sorted({row.piece for row in rows}))
    combinations = tuple(in_order({row.of for row in rows}))
    counts = {(row.piece, row.of): row.measures.get("passages") for row in rows}
    return Layout(
        pieces,
        combinations,
        [[counts.get((piece, of)) for of in combinations] for piece in pieces],
        frozenset(
            (piece, of) for piece in pieces for of in combinations if (piece, of) not in counts
        ),
    )
