"""What a check finds: a state, a sentence, and the remedy where there is something to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How bad it is; `skipped` is no verdict: the check could not be made here."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    state: State
    sentence: str
    remedy: str = ""


class CannotTell(Exception):
    """The check cannot be made here; the message says why, and becomes a skipped finding."""


def ok(sentence: str) -> Finding:
    """Nothing to do."""
    return Finding(State.OK, sentence)


def warning(sentence: str, remedy: str) -> Finding:
    """Counts are right, but somebody should look at it."""
    return Finding(State.WARNING, sentence, remedy)


def problem(sentence: str, remedy: str) -> Finding:
    """Something does not work, or will not for long."""
    return Finding(State.PROBLEM, sentence, remedy)


def skipped(why: str) -> Finding:
    """No verdict."""
    return Finding(State.SKIPPED, why)


def exit_code(findings: Iterable[Finding]) -> int:
    """1 when there is a problem, else 0."""
    return int(any(finding.state is State.PROBLEM for finding in findings))


def listed(names: Iterable[str], most: int = 5) -> str:
    """The first names, and how many more there are."""
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def span(seconds: float) -> str:
    """A duration as people say it: `40 s`, `12 min`, `5 h`, `3 days`."""
    for unit, size, until in (("s", 1, 120), ("min", 60, 7_200), ("h", 3_600, 172_800)):
        if seconds < until:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"
