"""The page's table: one figure of each piece of time and combination, as people write numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from dashboards.catalogue import Language
from services.planner.comparison import Compared
from services.planner.flow import Row
from services.planner.web.dates import piece
from services.planner.wording import number, percent

MeasureShown = Literal["passages", "persons", "served", "mean_wait", "p90_wait"]
MEASURES_SHOWN: tuple[MeasureShown, ...] = get_args(MeasureShown)

_SECONDS = {"mean_wait": "mean_wait_s", "p90_wait": "p90_wait_s"}


@dataclass(frozen=True, slots=True)
class ShownTable:
    """Heading cells and rows of text; the first cell of a row is its heading."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def figure(row: Row, measure: MeasureShown) -> float | None:
    """The figure of a row: a count, or a wait in minutes; None where there is none."""
    if measure in _SECONDS:
        seconds = getattr(row, _SECONDS[measure])
        return None if seconds is None else seconds / 60
    return row.measures.get(measure)


def table_of(
    pairs: Sequence[Compared],
    measure: MeasureShown,
    language: Language,
    say: Mapping[str, str],
    *,
    with_other: bool,
    time_zone: str,
) -> ShownTable:
    """Pieces of time down; combinations across, or with a comparison one below the other."""
    if with_other:
        return _compared(pairs, measure, language, say, time_zone)
    names = list(dict.fromkeys(name_of(pair.row, say) for pair in pairs))
    cells = {(pair.row.label, name_of(pair.row, say)): pair.row for pair in pairs}
    headings = (say["piece"], *names, say["coverage"], say["status"])
    rows = []
    for label in dict.fromkeys(pair.row.label for pair in pairs):
        found = [cells.get((label, name)) for name in names]
        texts = [
            say["closed"] if row is None else shown(row, measure, language, say) for row in found
        ]
        one = next(filter(None, found))
        heading = piece(one, language, time_zone)
        rows.append((heading, *texts, *_knowledge(one, language, say)))
    return ShownTable(headings, tuple(rows))


def shown(row: Row, measure: MeasureShown, language: Language, say: Mapping[str, str]) -> str:
    """A row's figure as text; unknown and not applicable are words, never 0."""
    value = figure(row, measure)
    if value is None:
        return say["not_applicable"] if row.measures else say["unknown"]
    return number(value, language, decimals=1 if measure in _SECONDS else 0)


def name_of(row: Row, say: Mapping[str, str]) -> str:
    """What a combination is called: directorates in capitals."""
    of = row.of
    parts = (of.site, of.directorate.upper() if of.directorate else None, of.service, of.channel)
    return " ".join(part for part in parts if part) or say["everybody"]


def _compared(
    pairs: Iterable[Compared],
    measure: MeasureShown,
    language: Language,
    say: Mapping[str, str],
    time_zone: str,
) -> ShownTable:
    headings = (
        say["piece"],
        say["who"],
        say["now"],
        say["before"].capitalize(),
        say["change"],
        say["coverage"],
        say["status"],
    )
    rows = []
    for pair in pairs:
        other = pair.other
        before = say["not_applicable"]
        if other is not None:
            before = shown(other, measure, language, say)
        change = change_of(pair, measure)
        rows.append(
            (
                piece(pair.row, language, time_zone),
                name_of(pair.row, say),
                shown(pair.row, measure, language, say),
                before,
                say["not_applicable"] if change is None else percent(change, language, signed=True),
                *_knowledge(pair.row, language, say),
            )
        )
    return ShownTable(headings, tuple(rows))


def change_of(pair: Compared, measure: MeasureShown) -> float | None:
    """Relative change of a figure; of passages per open day where that is known."""
    if measure == "passages":
        return pair.change
    now = figure(pair.row, measure)
    before = figure(pair.other, measure) if pair.other else None
    return now / before - 1 if now is not None and before else None


def _knowledge(row: Row, language: Language, say: Mapping[str, str]) -> tuple[str, str]:
    if row.knowledge is None:
        return say["closed"], ""
    return percent(row.knowledge.coverage, language), say[row.knowledge.status]
