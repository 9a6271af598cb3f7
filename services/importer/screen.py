"""What a person reads of an import: what was read, what was bad, what changes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.importer.plan import MonthChange
from services.importer.reading import Reading
from services.importer.run import Plan

_WITHOUT_TERMINAL = 160


def print_tables(stream: TextIO, *tables: Table) -> None:
    """Print tables; wide where nobody's terminal sets the width."""
    width = None if stream.isatty() else _WITHOUT_TERMINAL
    for table in tables:
        Console(file=stream, width=width, highlight=False).print(table)


def read_table(reading: Reading) -> Table:
    """How many rows there were, and what became of them."""
    findings = reading.findings
    bad = sum(findings.bad.values())
    table = _table("Read")
    table.add_column("Rows")
    table.add_column("", justify="right")
    for label, n in (
        ("read", findings.read),
        ("good", findings.good),
        ("bad", bad),
        ("left out by the mapping", findings.left_out),
        ("the same again, counted once", findings.repeated),
        ("empty lines, beside these", findings.empty),
        ("total lines, beside these", findings.totals),
    ):
        if n or label in ("read", "good", "bad"):
            table.add_row(label, str(n))
    return table


def bad_table(reading: Reading) -> Table:
    """The reasons of bad rows, the most frequent first, with the first lines of each."""
    table = _table("Bad rows")
    table.add_column("Reason")
    table.add_column("Rows", justify="right")
    table.add_column("First ones", overflow="fold")
    for reason, n in reading.findings.bad.most_common():
        table.add_row(reason, str(n), Text("\n".join(reading.findings.examples[reason])))
    return table


def plan_table(plan: Plan, *, is_done: bool) -> Table:
    """Days and passages by year."""
    table = _table("Changed" if is_done else "Would change")
    for name in ("Year", "Days new", "changed", "removed", "as they were"):
        table.add_column(name, justify="right")
    for name in ("Passages before", "after"):
        table.add_column(name, justify="right")
    years: dict[str, list[int]] = {}
    for change in plan.months:
        for label in (str(change.month.first.year), "Total"):
            sums = years.setdefault(label, [0] * 6)
            for i, n in enumerate(_numbers(change)):
                sums[i] += n
    total = years.pop("Total", [0] * 6)
    for year, numbers in years.items():
        table.add_row(year, *map(str, numbers))
    if len(years) != 1:
        table.add_row("Total", *map(str, total))
    return table


def _numbers(change: MonthChange) -> Iterable[int]:
    return (
        *(len(days) for days in (change.added, change.changed, change.removed, change.unchanged)),
        change.passages_before,
        change.passages_after,
    )


def runs_table(rows: Iterable[tuple[Any, ...]]) -> Table:
    """Every import, by source."""
    table = _table("Imports")
    for name in ("Source", "Site", "Files", "Rows", "Bad", "From", "To", "Days", "Begun", "State"):
        table.add_column(name, justify="right" if name in ("Rows", "Bad", "Days") else "left")
    for source, site, files, read, bad, first, last, days, begun_at, completed_at in rows:
        table.add_row(
            source,
            site,
            Text(files),
            str(read),
            str(bad),
            str(first),
            str(last),
            str(days),
            f"{begun_at:%Y-%m-%d %H:%M}",
            _state(completed_at),
        )
    return table


def _state(completed_at: datetime | None) -> str:
    return "complete" if completed_at else "interrupted: run it again"


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left")
