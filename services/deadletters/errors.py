"""What stops a command, and what to do about it."""

from __future__ import annotations


class DeadLettersError(Exception):
    """The command could not do its work; the message names the thing and the remedy."""


class InvalidId(DeadLettersError):
    """The text is not the identity of a dead letter."""


class UnknownDeadLetter(DeadLettersError):
    """No such dead letter is stored."""


class StoreRefuses(DeadLettersError):
    """The database was reached but does not do what was asked."""


class KafkaRefuses(DeadLettersError):
    """The broker cannot be reached, or did not acknowledge."""
