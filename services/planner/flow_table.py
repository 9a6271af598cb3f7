"""The hourly flow as a person reads it: hours down, directorates across, with totals.

Four kinds of cell are four different marks: a number, 0 (nobody came), ? (unknown: no device was
heard), and s (suppressed: a small count, or one that would give a small count away).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.table import Table

from services.core.suppression import SUPPRESSED, Published, suppress
from services.planner.history import HourlyFlow, HourStatus


@dataclass(frozen=True, slots=True)
class FlowGrid:
    """Passages by hour and directorate, zero told from unknown; small cells hidden on request."""

    directorates: tuple[str, ...]
    hours: tuple[tuple[datetime, str], ...]
    """Instant and local label."""
    status: dict[datetime, HourStatus]
    cells: tuple[tuple[Published, ...], ...]
    row_totals: tuple[Published, ...]
    column_totals: tuple[Published, ...]
    total: Published


def grid(
    flow: Sequence[HourlyFlow], status: Sequence[HourStatus], *, suppressed: bool = False
) -> FlowGrid:
    """Lay the flow out; hours that were open appear whether or not anybody came."""
    directorates = tuple(sorted({row.directorate for row in flow}))
    hours = {(row.hour_start, row.local_label) for row in flow}
    hours |= {(row.hour_start, row.local_label) for row in status}
    counts = {(row.hour_start, row.directorate): row.passages for row in flow}
    known = {row.hour_start: row for row in status}
    ordered = tuple(sorted(hours))

    def count(hour: datetime, directorate: str) -> int | None:
        found = counts.get((hour, directorate))
        if found is None:
            return None if hour in known and known[hour].is_unknown else 0
        return found

    cells = [[count(hour, directorate) for directorate in directorates] for hour, _ in ordered]
    if suppressed:
        table = suppress(cells)
        laid_out = (table.cells, table.row_totals, table.column_totals, table.total)
    else:
        laid_out = (
            tuple(tuple(row) for row in cells),
            tuple(_sum(row) for row in cells),
            tuple(_sum([row[i] for row in cells]) for i in range(len(directorates))),
            _sum([_sum(row) for row in cells]),
        )
    return FlowGrid(directorates, ordered, known, *laid_out)


def flow_table(flow: FlowGrid, title: str, *, with_coverage: bool = False) -> Table:
    """The grid for a terminal, with totals and, on request, what is known of each hour."""
    table = Table(title=title, title_justify="left", show_footer=True)
    table.add_column("Hour", footer="Total", no_wrap=True)
    for directorate, total in zip(flow.directorates, flow.column_totals, strict=True):
        table.add_column(directorate.upper(), justify="right", footer=mark(total))
    table.add_column("All", justify="right", style="bold", footer=mark(flow.total))
    if with_coverage:
        table.add_column("Coverage", justify="right")
        table.add_column("Status")
    for (hour, label), row, total in zip(flow.hours, flow.cells, flow.row_totals, strict=True):
        known = _known(flow.status.get(hour)) if with_coverage else ()
        table.add_row(label[:16], *map(mark, row), mark(total), *known)
    return table


def mark(cell: Published) -> str:
    """What stands in a cell."""
    if cell is SUPPRESSED:
        return "s"
    return "?" if cell is None else f"{cell}"


def _known(status: HourStatus | None) -> tuple[str, str]:
    if status is None:
        return "closed", ""
    return f"{status.coverage:.0%}", "final" if status.is_final else "provisional"


def _sum(cells: Sequence[int | None]) -> int | None:
    known = [cell for cell in cells if cell is not None]
    return sum(known) if known else None
