"""The figures of a comparison as a table, for a terminal and for a page."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.box import SIMPLE
from rich.table import Table

from benchmarks.contenders import LIMIT, PASSAGE, Contender
from benchmarks.trial import Failed, Measured, Survived

HEADINGS = (
    "",
    "events/s",
    "of Passage",
    "of limit",
    "CPU s/M",
    "database",
    "peak MB",
    "lost",
    "twice",
    "back after s",
)
NONE = "–"


@dataclass
class Result:
    """All that is known of one contender."""

    contender: Contender
    runs: list[Measured] = field(default_factory=list)
    survived: Survived | None = None
    failures: list[str] = field(default_factory=list)

    @property
    def events_per_s(self) -> float | None:
        """The median of its runs."""
        return statistics.median(run.events_per_s for run in self.runs) if self.runs else None

    @property
    def is_wrong(self) -> bool:
        """Whether a run that was not killed came to other counts."""
        return any(run.wrong for run in self.runs)

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Take a failure down and go on with the others."""
        try:
            yield
        except Failed as failure:
            self.failures.append(str(failure))

    def newest(self) -> str:
        """What was found last, in a few words."""
        if self.survived:
            lost, twice, back_s = self.survived.lost, self.survived.twice, self.survived.recovery_s
            return f"{lost:,} lost, {twice:,} twice, first row after {back_s:.1f} s"
        run = self.runs[-1]
        return f"{run.events_per_s:,.0f} events/s, {run.peak_mb:.0f} MB, {self._counts(run)}"

    def _counts(self, run: Measured) -> str:
        if self.contender.counts_in is None:
            return "no counts"
        if run.wrong is None:
            return "stopped before the end"
        return f"COUNTS WRONG by {run.wrong:,}" if run.wrong else "counts exact"


def rows(results: list[Result]) -> list[list[str]]:
    """A row for each contender, as `HEADINGS` has them."""
    speeds = {result.contender.name: result.events_per_s for result in results}
    return [_row(result, speeds.get(PASSAGE), speeds.get(LIMIT)) for result in results]


def _row(result: Result, ours: float | None, limit: float | None) -> list[str]:
    speed, runs, survived = result.events_per_s, result.runs, result.survived
    title = result.contender.title + (" (COUNTS WRONG)" if result.is_wrong else "")
    if speed is None:
        return [title, *[NONE] * (len(HEADINGS) - 4), *_killed(survived)]
    cpu = [statistics.median(r.cpu[name] for r in runs) for name in ("program", "PostgreSQL")]
    return [
        title,
        f"{speed:,.0f}",
        f"{speed / ours:.2f}" if ours else NONE,
        f"{speed / limit:.2f}" if limit else NONE,
        *(f"{seconds:.1f}" for seconds in cpu),
        f"{max(r.peak_mb for r in runs):.0f}",
        *_killed(survived),
    ]


def _killed(survived: Survived | None) -> list[str]:
    if survived is None:
        return [NONE] * 3
    return [f"{survived.lost:,}", f"{survived.twice:,}", f"{survived.recovery_s:.1f}"]


def for_terminal(results: list[Result]) -> Table:
    """A table for rich."""
    table = Table(box=SIMPLE)
    for heading in HEADINGS:
        table.add_column(heading, justify="right" if heading else "left")
    for row in rows(results):
        table.add_row(*row)
    return table


def for_page(results: list[Result], about: list[str]) -> str:
    """Markdown: what it is about, the figures, and what each does and does not promise."""
    promises = [[r.contender.title, r.contender.does, r.contender.not_guaranteed] for r in results]
    parts = [
        "\n".join(f"- {line}" for line in about + failures(results)),
        _markdown(list(HEADINGS), rows(results)),
        _markdown(["", "does", "does not guarantee"], promises),
    ]
    return "\n\n".join(parts) + "\n"


def failures(results: list[Result]) -> list[str]:
    """What could not be measured, and why, in one line each."""
    return [
        f"{result.contender.title}: {' '.join(failure.split())[:300]}"
        for result in results
        for failure in result.failures
    ]


def _markdown(headings: list[str], lines: list[list[str]]) -> str:
    rule = ["---", *["---:" if len(headings) > 3 else "---"] * (len(headings) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [headings, rule, *lines])
