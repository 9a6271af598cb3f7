"""The hourly flow as a person reads it in a terminal, or as CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import TextIO

from rich.table import Table

from services.planner.history import HourlyFlow


def flow_table(flow: Sequence[HourlyFlow], title: str) -> Table:
    """Hours down, directorates across, with totals."""
    directorates = sorted({row.directorate for row in flow})
    hours = sorted({(row.hour_start, row.local_label) for row in flow})
    counts = {(row.hour_start, row.directorate): row.passages for row in flow}
    table = Table(title=title, title_justify="left", show_footer=True)
    table.add_column("Hour", footer="Total")
    for directorate in directorates:
        total = sum(counts.get((hour, directorate), 0) for hour, _ in hours)
        table.add_column(directorate.upper(), justify="right", footer=f"{total}")
    table.add_column(
        "All", justify="right", style="bold", footer=f"{sum(row.passages for row in flow)}"
    )
    for hour, label in hours:
        row = [counts.get((hour, directorate), 0) for directorate in directorates]
        table.add_row(label[:16], *(f"{n}" if n else "·" for n in row), f"{sum(row)}")
    return table


def write_csv(flow: Sequence[HourlyFlow], stream: TextIO) -> None:
    """One line an hour and directorate, header first, instants in ISO 8601 with their offset."""
    writer = csv.writer(stream)
    writer.writerow(
        ("hour_start", "local_hour", "directorate", "passages", "persons", "mean_wait_s")
    )
    for row in flow:
        mean_wait_s = f"{row.wait_ms / row.waits / 1000:.0f}" if row.waits else ""
        writer.writerow(
            (
                row.hour_start.isoformat(),
                row.local_label,
                row.directorate,
                row.passages,
                row.persons,
                mean_wait_s,
            )
        )
