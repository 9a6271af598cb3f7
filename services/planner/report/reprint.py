"""A published report again: its frozen figures, in the order and the words of today. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from services.planner.report.content import (
    MISSING,
    Absent,
    Cell,
    Column,
    Line,
    Report,
    Section,
    Table,
    Unit,
)
from services.planner.report.revision import Frozen, Publication
from services.planner.report.sections.bars import charts_of

_Lines = Mapping[str, Mapping[str, Frozen]]


def as_published(report: Report, publication: Publication) -> Report:
    """The report of the publication: every figure is a frozen one, none is of today.

    `report` is one of the same period, as it is known now: it gives the order of lines and columns.
    What was published and is no longer in it stands last.
    """
    frozen: dict[str, dict[str, dict[str, Frozen]]] = {}
    for (table, line, column), figure in publication.figures.items():
        frozen.setdefault(table, {}).setdefault(line, {})[column] = figure

    def again(table: Table) -> Table:
        return _table(table, frozen.get(table.key, {}))

    sites = again(report.cover.sites)
    cover = replace(
        report.cover,
        extracted_at=publication.extracted_at,
        is_final=publication.is_final,
        is_over=True,
        coverage=cast(float | None, _of_all(sites, "coverage")),
        open_days=cast(int, _of_all(sites, "open_days")),
        seen_days=cast(int, _of_all(sites, "seen_days")),
        comparable_days=cast(int, _of_all(sites, "comparable_days")),
        closures=again(report.cover.closures),
        summary=again(report.cover.summary),
        sites=sites,
    )
    sections = []
    for section in report.sections:
        tables = tuple(map(again, section.tables))
        sections.append(Section(section.key, tables, charts_of(tables)))
    return replace(report, cover=cover, sections=tuple(sections))


def _of_all(sites: Table, column: str) -> Cell | None:
    cell = sites.cell("total", column)
    return None if isinstance(cell, Absent) else cell


def _table(table: Table, lines: _Lines) -> Table:
    units = {key: figure.unit for line in lines.values() for key, figure in line.items()}
    known = [column for column in table.columns if column.key in units]
    gone = units.keys() - {column.key for column in known}
    columns = (*known, *(Column(key, cast(Unit, units[key])) for key in sorted(gone)))
    shown = {line.key: line for line in table.lines if line.key in lines}
    shown |= {key: Line(key, ()) for key in sorted(lines.keys() - shown.keys())}
    ordered = sorted(shown.values(), key=lambda line: line.level == "total")
    return replace(
        table,
        columns=columns if lines else table.columns,
        lines=tuple(_line(line, columns, lines[line.key]) for line in ordered),
    )


def _line(line: Line, columns: tuple[Column, ...], figures: Mapping[str, Frozen]) -> Line:
    value = figures.get("value")
    return replace(
        line,
        cells=tuple(
            figures[one.key].thawed() if one.key in figures else MISSING for one in columns
        ),
        unit=cast(Unit, value.unit) if value is not None else line.unit,
    )
