"""Published figures: frozen as text, and held against what is known now. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, cast

from services.planner.period import Period
from services.planner.report.content import (
    Absent,
    Address,
    Cell,
    Column,
    Line,
    Report,
    Scope,
    Span,
    Unit,
    unit_of,
)

FIGURE = "figure"


class Frozen(NamedTuple):
    """A cell as it is kept: the same for the same cell, whatever the language."""

    unit: str
    state: str
    value: str | None

    def thawed(self) -> Cell:
        """The cell again."""
        if self.state != FIGURE or self.value is None:
            return Absent(self.state)
        return _thaw(self.value, self.unit)


@dataclass(frozen=True, slots=True)
class Publication:
    """A published report and its figures."""

    report_id: int
    revision: int
    published_at: datetime
    extracted_at: datetime
    is_final: bool
    digest: str
    figures: Mapping[Address, Frozen]


@dataclass(frozen=True, slots=True)
class Restated:
    """A cell that is not what was published."""

    address: Address
    line: Line
    column: Column
    published: Cell | None
    """None when there was no such cell."""
    known: Cell | None
    """None when there is no such cell any more."""
    causes: tuple[str, ...]


class Change(NamedTuple):
    """A change of a final quarter of an hour, as the restatements tell it."""

    bucket_start: datetime
    site: str
    directorate: str
    service: str
    cause: str


def frozen(report: Report) -> dict[Address, Frozen]:
    """Every cell of the report."""
    return {
        address: _freeze(cell, unit_of(line, column))
        for address, line, column, cell in report.cells()
    }


def digest(figures: Mapping[Address, Frozen]) -> str:
    """SHA-256 over all figures: equal for equal figures."""
    hashed = hashlib.sha256()
    for address, figure in sorted(figures.items()):
        hashed.update("\x1f".join((*address, *(part or "" for part in figure))).encode() + b"\x1e")
    return hashed.hexdigest()


def restated(
    report: Report,
    publication: Publication,
    changes: Sequence[Change],
    spans: Mapping[Span, Period | None],
) -> tuple[Restated, ...]:
    """The cells that differ from what was published, in order, each with its causes."""
    found = []
    left = dict(publication.figures)
    for address, line, column, cell in report.cells():
        now = _freeze(cell, unit_of(line, column))
        was = left.pop(address, None)
        if was is not None and (was.state, was.value) == (now.state, now.value):
            continue
        causes = _causes(address, line.scope, column, publication, changes, spans)
        before = was.thawed() if was else None
        found.append(Restated(address, line, column, before, cell, causes))
    for address, was in left.items():
        column = Column(address.column, cast(Unit, was.unit))
        causes = ("provisional",) if not publication.is_final else ("other",)
        found.append(Restated(address, Line(address.line, ()), column, was.thawed(), None, causes))
    return tuple(found)


def _causes(
    address: Address,
    scope: Scope,
    column: Column,
    publication: Publication,
    changes: Sequence[Change],
    spans: Mapping[Span, Period | None],
) -> tuple[str, ...]:
    if address.table == "elsewhere":
        return ("handed_in",)
    periods = [period for span in column.spans if (period := spans[span]) is not None]
    within = [
        change
        for change in changes
        if any(period.from_at <= change.bucket_start < period.to_at for period in periods)
    ]
    # A share changes with its whole: without a change of its own, all that changed is the cause.
    concerning = [change for change in within if _concerns(change, scope)] or within
    causes = sorted({change.cause for change in concerning})
    if not publication.is_final:
        causes.append("provisional")
    return tuple(causes) or ("other",)


def _concerns(change: Change, scope: Scope) -> bool:
    return (
        scope.site in (None, change.site)
        and scope.directorate in (None, change.directorate)
        and scope.service in (None, change.service)
    )


def _freeze(cell: Cell, unit: Unit) -> Frozen:
    if isinstance(cell, Absent):
        return Frozen(unit, cell.value, None)
    return Frozen(unit, FIGURE, _as_text(cell))


def _as_text(cell: int | float | str | date | datetime) -> str:
    match cell:
        case date():
            return cell.isoformat()
        case float():
            # Further digits depend on the order of additions.
            text = f"{cell:.9g}"
            return text if set(text) & {".", "e"} else f"{text}.0"
        case _:
            return f"{cell}"


def _thaw(text: str, unit: str) -> Cell:
    if unit in ("day", "text"):
        for read in (date.fromisoformat, datetime.fromisoformat):
            with suppress(ValueError):
                return read(text)
        return text
    return float(text) if set(text) & {".", "e"} else int(text)
