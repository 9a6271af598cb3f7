"""Answers as a person reads them in a terminal.

Five kinds of cell are five different marks: a number, 0 (nobody came), ? (unknown: no device was
heard), s (suppressed: a small count, or one that would give a small count away), · (closed).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table

from services.core.suppression import SUPPRESSED, Published, suppress
from services.planner.comparison import Compared
from services.planner.flow import Combination, Knowledge, Piece, Row
from services.planner.layout import laid_out


@dataclass(frozen=True, slots=True)
class Grid:
    """Passages by piece of time and combination of dimensions, with totals."""

    pieces: tuple[Piece, ...]
    combinations: tuple[Combination, ...]
    cells: tuple[tuple[Published, ...], ...]
    """None where unknown, or closed."""
    closed: frozenset[tuple[Piece, Combination]]
    row_totals: tuple[Published, ...]
    column_totals: tuple[Published, ...]
    total: Published
    knowledge: Mapping[Piece, Knowledge]
    """Of each piece in which a site was open, over all sites."""


def grid(rows: Sequence[Row], *, suppressed: bool = False) -> Grid:
    """Lay the rows out, with totals."""
    layout = laid_out(rows)
    cells: Sequence[Sequence[Published]] = layout.cells
    if suppressed:
        table = suppress(layout.cells)
        cells, totals = table.cells, (table.row_totals, table.column_totals, table.total)
    else:
        across = tuple(_sum(row) for row in cells)
        down = tuple(_sum(column) for column in zip(*cells, strict=True))
        totals = (across, down, _sum(across))
    return Grid(
        layout.pieces,
        layout.combinations,
        tuple(tuple(row) for row in cells),
        layout.closed,
        *totals,
        _knowledge(rows),
    )


def grid_table(laid_out: Grid, title: str, *, with_coverage: bool = False) -> Table:
    """The grid with its totals and, on request, what is known of each piece."""
    table = Table(title=title, title_justify="left", show_footer=True)
    table.add_column("", footer="Total", no_wrap=True)
    for of, total in zip(laid_out.combinations, laid_out.column_totals, strict=True):
        table.add_column(name_of(of), justify="right", footer=mark(total))
    if len(laid_out.combinations) > 1:
        table.add_column("All", justify="right", style="bold", footer=mark(laid_out.total))
    if with_coverage:
        table.add_column("Coverage", justify="right")
        table.add_column("Status")
    for piece, cells, total in zip(
        laid_out.pieces, laid_out.cells, laid_out.row_totals, strict=True
    ):
        totals = (mark(total),) if len(laid_out.combinations) > 1 else ()
        known = _known(laid_out.knowledge.get(piece)) if with_coverage else ()
        marks = (
            "·" if (piece, of) in laid_out.closed else mark(cell)
            for of, cell in zip(laid_out.combinations, cells, strict=True)
        )
        table.add_row(piece[1][:16], *marks, *totals, *known)
    return table


def list_table(
    rows: Sequence[Compared], title: str, *, with_waits: bool, with_other: bool, with_coverage: bool
) -> Table:
    """A line a row: passages, and on request waits, the counterpart, what is known."""
    caption = "Waits in minutes: half were called within p50, 9 of 10 within p90."
    table = Table(
        title=title,
        title_justify="left",
        caption=caption if with_waits else None,
        caption_justify="left",
    )
    table.add_column("", no_wrap=True)
    table.add_column("", no_wrap=True)
    headings = ["Passages"]
    headings += ["Before", "Change"] if with_other else []
    headings += ["Waits", "Mean", "p50", "p90"] if with_waits else []
    for heading in headings:
        table.add_column(heading, justify="right")
    if with_coverage:
        table.add_column("Coverage", justify="right")
        table.add_column("Status")
    for pair in rows:
        row = pair.row
        cells = [mark(row.measures.get("passages"))]
        if with_other:
            cells += _other(pair)
        if with_waits:
            cells += [
                mark(row.measures.get("waits")),
                _in_minutes(row.mean_wait_s),
                _in_minutes(row.p50_wait_s),
                _in_minutes(row.p90_wait_s),
            ]
        if with_coverage:
            cells += _known(row.knowledge)
        table.add_row(row.label[:16], name_of(row.of), *cells)
    return table


def mark(cell: Published) -> str:
    """What stands in a cell."""
    if cell is SUPPRESSED:
        return "s"
    return "?" if cell is None else f"{cell}"


def minutes(seconds: float | None) -> str:
    """A duration in whole minutes; n.a. where there is none."""
    return "n.a." if seconds is None else f"{seconds / 60:.0f} min"


def name_of(of: Combination) -> str:
    """A combination's heading: directorates in capitals, as they are called."""
    parts = (
        of.site,
        of.directorate.upper() if of.directorate else None,
        of.service,
        of.channel,
    )
    return " ".join(part for part in parts if part) or "Passages"


def _in_minutes(seconds: float | None) -> str:
    return "n.a." if seconds is None else f"{seconds / 60:.0f}"


def _other(pair: Compared) -> list[str]:
    if pair.other is None:
        return ["n.a.", "n.a."]
    change = "n.a." if pair.change is None else f"{pair.change:+.0%}"
    return [mark(pair.other.measures.get("passages")), change]


def _knowledge(rows: Sequence[Row]) -> dict[Piece, Knowledge]:
    """Over all sites; with one row per directorate, each site's is taken once."""
    by_site: dict[Piece, dict[str | None, Knowledge]] = {}
    for row in rows:
        if row.knowledge is not None:
            by_site.setdefault(row.piece, {})[row.of.site] = row.knowledge
    return {
        piece: Knowledge(
            sum(one.covered_minutes for one in known.values()),
            sum(one.open_minutes for one in known.values()),
            all(one.is_final for one in known.values()),
        )
        for piece, known in by_site.items()
    }


def _known(knowledge: Knowledge | None) -> tuple[str, str]:
    if knowledge is None:
        return "closed", ""
    return f"{knowledge.coverage:.0%}", knowledge.status


def _sum(cells: Sequence[Published]) -> int | None:
    known = [cell for cell in cells if isinstance(cell, int)]
    return sum(known) if known else None
