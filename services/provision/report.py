"""How changes are told: one sentence each, as it happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Report: TypeAlias = Callable[[str], None]
"""Takes one sentence about a change that was made, or would be made by a dry run."""


def silent(sentence: str) -> None:
    """A report that nobody reads."""


class Changes:
    """Collects the changes of one run while passing them on; empty when nothing had to change."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.made: list[str] = []

    def add(self, sentence: str) -> None:
        """A change."""
        self.made.append(sentence)
        self._report(sentence)

    def remark(self, sentence: str) -> None:
        """Something to know that is not a change."""
        self._report(sentence)
