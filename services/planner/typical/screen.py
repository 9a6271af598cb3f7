"""The typical week for a terminal, a spreadsheet or a program."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TextIO

from rich.box import SIMPLE
from rich.table import Table

from services.planner.slots.calendar import clock
from services.planner.typical.bands import Band, Cell
from services.planner.typical.normality import Place
from services.planner.typical.yearly import YearOnYear

CLOSED = "·"
UNKNOWN = "?"

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

COLUMNS = ("iso_weekday", "local_time", "p10", "median", "p90", "n", "unknown")
DAY_COLUMNS = ("local_date", "local_time", "passages", "p10", "median", "p90", "n", "rank", "usual")


def week_table(bands: Mapping[Cell, Band], title: str) -> Table:
    """A line a slot, a column a weekday: median, p10–p90, and n."""
    table = Table(title=title, title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("From", no_wrap=True, min_width=5)
    weekdays = sorted({weekday for weekday, _ in bands})
    for weekday in weekdays:
        table.add_column(WEEKDAYS[weekday - 1], justify="right", overflow="fold")
    for minute in sorted({minute for _, minute in bands}):
        cells = (_cell(bands.get((weekday, minute))) for weekday in weekdays)
        table.add_row(clock(minute), *cells)
    return table


def day_table(places: Iterable[Place], title: str) -> Table:
    """A line a slot of the days: the count, its band, and where it lies."""
    table = Table(title=title, title_justify="left")
    table.add_column("Slot", no_wrap=True)
    for heading in ("Passages", "p10", "median", "p90", "n", "rank"):
        table.add_column(heading, justify="right")
    table.add_column("Usual?")
    for one in places:
        slot, band = one.observed.slot, one.band
        table.add_row(
            f"{slot.day} {slot.label}",
            UNKNOWN if one.observed.passages is None else f"{one.observed.passages}",
            *map(_figure, (band.p10, band.median, band.p90)),
            f"{band.n}",
            "" if one.rank is None else f"{one.rank:.0%}",
            one.verdict,
        )
    return table


def sentence(found: YearOnYear) -> str:
    """Year on year in words: per open day, over how many pairs, and what was left out."""
    left_out = ", ".join(f"{n} {reason}" for reason, n in sorted(found.left_out.items()))
    tail = f"; left out: {left_out}" if left_out else ""
    if found.now is None or found.then is None:
        return f"Year on year: no pair of days can be compared{tail}."
    change = "" if found.change is None else f" ({found.change:+.1%})"
    return (
        f"Year on year: {found.now:.1f} passages per open day, {found.then:.1f} on the same ISO"
        f" weeks and weekdays of the year before{change}, over {len(found.compared)} pairs{tail}."
    )


def week_rows(bands: Mapping[Cell, Band]) -> Iterator[dict[str, Any]]:
    """One row a cell; closed ones have none."""
    for (weekday, minute), band in bands.items():
        yield dict(
            zip(
                COLUMNS,
                (weekday, clock(minute), band.p10, band.median, band.p90, band.n, band.unknown),
                strict=True,
            )
        )


def day_rows(places: Iterable[Place]) -> Iterator[dict[str, Any]]:
    """One row a slot of the days."""
    for one in places:
        slot, band = one.observed.slot, one.band
        rank = None if one.rank is None else round(one.rank, 3)
        figures = (one.observed.passages, band.p10, band.median, band.p90, band.n)
        row = (f"{slot.day}", slot.label, *figures, rank, one.verdict)
        yield dict(zip(DAY_COLUMNS, row, strict=True))


def write(rows: Iterable[Mapping[str, Any]], columns: Iterable[str], form: str, to: TextIO) -> None:
    """As CSV with a header, or as JSON, one object a line; absent figures are empty or null."""
    if form == "csv":
        writer = csv.DictWriter(to, list(columns))
        writer.writeheader()
        writer.writerows(rows)
    else:
        to.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _cell(band: Band | None) -> str:
    if band is None:
        return CLOSED
    if band.median is None:
        return UNKNOWN
    spread = "" if band.p10 is None or band.p90 is None else f" {band.p10:.0f}–{band.p90:.0f}"
    return f"{band.median:.0f}{spread} ({band.n})"


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"
