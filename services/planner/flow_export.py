"""The hourly flow for other programs: one line an hour and directorate."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import Any, TextIO

from services.core.suppression import SUPPRESSED
from services.planner.flow_table import FlowGrid

COLUMNS = ("hour_start", "local_hour", "directorate", "passages", "known", "coverage", "status")
"""`known` is yes, no (nobody knows, not zero) or suppressed; then `passages` is empty."""


def write_csv(flow: FlowGrid, stream: TextIO) -> None:
    """Header first; instants in ISO 8601 with their offset, UTF-8, comma."""
    writer = csv.DictWriter(stream, COLUMNS)
    writer.writeheader()
    writer.writerows(_rows(flow))


def write_json(flow: FlowGrid, stream: TextIO) -> None:
    """One JSON object a line, absent figures null."""
    for row in _rows(flow):
        stream.write(json.dumps(row) + "\n")


def _rows(flow: FlowGrid) -> Iterator[dict[str, Any]]:
    for (hour, label), cells in zip(flow.hours, flow.cells, strict=True):
        status = flow.status.get(hour)
        for directorate, cell in zip(flow.directorates, cells, strict=True):
            suppressed = cell is SUPPRESSED
            yield {
                "hour_start": hour.isoformat(),
                "local_hour": label,
                "directorate": directorate,
                "passages": None if suppressed else cell,
                "known": "suppressed" if suppressed else "no" if cell is None else "yes",
                "coverage": round(status.coverage, 4) if status else None,
                "status": ("final" if status.is_final else "provisional") if status else None,
            }
