"""The forecast for a terminal, a spreadsheet or a program."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from typing import Any, TextIO

from rich.box import SIMPLE
from rich.table import Table

from services.planner.forecast.intervals import LEVELS
from services.planner.forecast.outlook import Expected, Outlook

COLUMNS = (
    *("local_date", "local_time", "forecast", "seasonal_naive"),
    *(f"{edge}_{round(100 * level)}" for level in LEVELS for edge in ("low", "high")),
    "beats_naive",
)


def forecast_table(outlook: Outlook, title: str) -> Table:
    """A line an open slot or day."""
    table = Table(title=title, title_justify="left", box=SIMPLE)
    table.add_column("When", no_wrap=True)
    for heading in ("Forecast", *(f"{level:.0%}" for level in LEVELS), "Seasonal naive"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in outlook.expected:
        table.add_row(_when(one), f"{one.forecast:.0f}", *_spans(one), f"{one.naive:.0f}")
    return table


def backtest_table(outlook: Outlook) -> Table:
    """How the forecast and seasonal naive did, by weeks ahead."""
    table = Table(
        title=f"Back-test: {outlook.origins} forecasts of the past, a week apart",
        title_justify="left",
        box=SIMPLE,
    )
    table.add_column("Weeks ahead", no_wrap=True)
    for heading in ("MASE", "naive", "WAPE", "naive", *(f"in {level:.0%}" for level in LEVELS)):
        table.add_column(heading, justify="right")
    table.add_column("n", justify="right")
    for trial in outlook.trials:
        table.add_row(
            trial.name,
            f"{trial.model.mase:.2f}",
            f"{trial.naive.mase:.2f}",
            _share(trial.model.wape),
            _share(trial.naive.wape),
            *map(_share, trial.model.coverage),
            f"{trial.model.n}",
        )
    return table


def write_csv(outlook: Outlook, stream: TextIO) -> None:
    """Header first; bounds are empty where too few errors are known."""
    writer = csv.DictWriter(stream, COLUMNS)
    writer.writeheader()
    writer.writerows(_rows(outlook))


def write_json(outlook: Outlook, stream: TextIO) -> None:
    """One JSON object a line, absent figures null."""
    stream.writelines(json.dumps(row) + "\n" for row in _rows(outlook))


def _rows(outlook: Outlook) -> Iterator[dict[str, Any]]:
    for one in outlook.expected:
        edges = [edge for span in one.intervals for edge in (span or (None, None))]
        figures = (round(one.forecast, 2), round(one.naive, 2), *edges, outlook.beats_naive)
        yield dict(zip(COLUMNS, (f"{one.day}", one.label, *figures), strict=True))


def _when(one: Expected) -> str:
    return f"{one.day:%a} {one.day}" + (f" {one.label}" if one.label else "")


def _spans(one: Expected) -> Iterator[str]:
    return (f"{span[0]}–{span[1]}" if span else "?" for span in one.intervals)


def _share(value: float) -> str:
    return "n.a." if value != value else f"{value:.1%}"
