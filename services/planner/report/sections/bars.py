"""The charts of the sections: each shows the figures of one table, and no others. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from services.planner.report.content import NOT_APPLICABLE, Bars, Table


def charts_of(tables: Iterable[Table]) -> tuple[Bars, ...]:
    """The charts of those tables that have one."""
    return tuple(_CHARTS[table.key](table) for table in tables if table.key in _CHARTS)


def _flow(table: Table) -> Bars:
    groups = tuple(
        (line.key, (("passages", line.cells[0]),)) for line in table.lines if line.level == "group"
    )
    return Bars("flow", groups, "ranked")


def _series(table: Table) -> Bars:
    pieces = [line for line in table.lines if line.level == "item"]
    groups = tuple(
        (column.key, tuple((line.key, line.cells[place]) for line in pieces))
        for place, column in enumerate(table.columns)
        if column.key.startswith("directorate:")
        # Who receives nobody has no bars.
        and any(line.cells[place] is not NOT_APPLICABLE for line in pieces)
    )
    return Bars("series", groups, "multiples")


def _waits(table: Table) -> Bars:
    keys = [column.key for column in table.columns]
    shown = [(key, keys.index(key)) for key in ("p50_wait", "p90_wait")]
    groups = tuple(
        (line.key, tuple((key, line.cells[place]) for key, place in shown))
        for line in table.lines
        if line.level != "item"
    )
    return Bars("waits", groups, "range")


_CHARTS = {"flow": _flow, "series": _series, "waits": _waits}
