"""What stands against an import; each message says what to do."""

from __future__ import annotations


class ImportRefused(Exception):
    """The mapping, the files, or what is stored already do not allow it; nothing was changed."""


class BadRow(Exception):
    """A row that cannot be counted."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        """The same for all rows of its kind."""
        self.detail = detail
        """What is wrong with this one."""
