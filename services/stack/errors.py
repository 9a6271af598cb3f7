"""What goes wrong, and what to do about it."""

from __future__ import annotations


class StackError(Exception):
    """The stack could not do what was asked.

    The message names the thing and the remedy, so that it can be shown to a person as it is.
    """
