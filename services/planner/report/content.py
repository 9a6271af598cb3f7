"""What the report says, as typed values: no words, no layout.

A cell is a value or one of three marks, and none of them is ever 0: not applicable, suppressed,
missing. Every cell has an address (table, line, column) by which it is frozen and compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Literal, NamedTuple

from services.planner.period import Period


class Absent(Enum):
    """Why a cell has no value."""

    NOT_APPLICABLE = "not_applicable"
    """There cannot be one: a directorate that receives no public, a share of nothing."""
    SUPPRESSED = "suppressed"
    """A count of 1 to 4, or a figure that would give one away."""
    MISSING = "missing"
    """Nobody knows: nothing was recorded, or nothing was handed in."""


NOT_APPLICABLE, SUPPRESSED, MISSING = Absent.NOT_APPLICABLE, Absent.SUPPRESSED, Absent.MISSING

Value = int | float | str | date | datetime
Cell = Value | Absent

Unit = Literal["count", "rate", "percent", "change", "minutes", "hours", "day", "hour", "text"]
"""`rate` has one decimal; `percent` and `change` are shares of 1; `day` is a local day, `hour` an
instant."""

Span = Literal["now", "previous", "last_year"]
"""The three stretches of days that figures are taken from."""

Level = Literal["total", "group", "item"]


class Address(NamedTuple):
    """Where a cell stands."""

    table: str
    line: str
    column: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures a line has; None is all."""

    site: str | None = None
    directorate: str | None = None
    service: str | None = None


EVERYBODY = Scope()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; the key names it in words and in files."""

    key: str
    unit: Unit = "count"
    spans: tuple[Span, ...] = ("now",)
    """The days that its figures are taken from."""
    estimated: bool = False

    @property
    def is_derived(self) -> bool:
        """True when it is worked out from other figures of the report."""
        return self.key == "share" or self.unit in ("rate", "change")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a table: its key, and a cell for each column."""

    key: str
    cells: tuple[Cell, ...]
    level: Level = "item"
    scope: Scope = EVERYBODY
    unit: Unit | None = None
    """Of its value, in a table whose lines have different ones."""


def unit_of(line: Line, column: Column) -> Unit:
    """The unit of a cell."""
    return line.unit if line.unit and column.key == "value" else column.unit


@dataclass(frozen=True, slots=True)
class Table:
    """Figures that belong together."""

    key: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()
    """Keys of the remarks under it."""
    shaded: bool = False
    """Shade the cells by their value: the table is its own chart."""

    def cell(self, line: str, column: str) -> Cell:
        """The cell of a line and a column. Raises KeyError."""
        for one in self.lines:
            if one.key == line:
                for place, of in enumerate(self.columns):
                    if of.key == column:
                        return one.cells[place]
        raise KeyError((self.key, line, column))


@dataclass(frozen=True, slots=True)
class Bars:
    """A chart of one measure: a group of bars for each name, all on one scale."""

    key: str
    groups: tuple[tuple[str, tuple[tuple[str, Cell], ...]], ...]
    """Key of the group, and key and value of each of its bars."""
    kind: Literal["ranked", "multiples", "range"]


@dataclass(frozen=True, slots=True)
class Section:
    """A chapter of the report."""

    key: str
    tables: tuple[Table, ...]
    charts: tuple[Bars, ...] = ()


@dataclass(frozen=True, slots=True)
class Cover:
    """What a reader must know before the first figure."""

    name: str
    """The period as it was asked for: 2025-S2."""
    period: Period
    extracted_at: datetime
    coverage: float | None
    is_over: bool
    is_final: bool
    internal: bool
    open_days: int
    seen_days: int
    comparable_days: int
    """Days on which a site is compared with the year before."""
    closures: Table
    """Days on which sites that would have been open were closed."""
    summary: Table
    sites: Table


@dataclass(frozen=True, slots=True)
class Names:
    """What codes are called."""

    sites: Mapping[str, str]
    directorates: Mapping[str, str]
    services: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report, before it has words."""

    cover: Cover
    sections: tuple[Section, ...]
    names: Names
    thresholds: Mapping[int, str] = field(default_factory=dict)
    """Seconds, and who says so."""

    def tables(self) -> Iterator[Table]:
        """Every table, the cover's first."""
        yield self.cover.summary
        yield self.cover.sites
        yield self.cover.closures
        for section in self.sections:
            yield from section.tables

    def cells(self) -> Iterator[tuple[Address, Line, Column, Cell]]:
        """Every cell, with the line and column in which it stands."""
        for table in self.tables():
            for line in table.lines:
                for column, cell in zip(table.columns, line.cells, strict=True):
                    yield Address(table.key, line.key, column.key), line, column, cell
