"""What can go wrong on a device. Every message names the thing and the remedy."""

from __future__ import annotations


class EdgeError(Exception):
    """Base of the device's errors; the message is fit for a person."""


class InvalidFields(EdgeError):
    """The event would break the contract: nothing was written."""


class OutboxError(EdgeError):
    """The outbox could not do what was asked; what it already held is untouched."""


class OutboxFull(OutboxError):
    """No room for another event: nothing was written and nothing was dropped."""


class OutboxBusy(OutboxError):
    """Another process held the outbox for too long: nothing was written."""


class OutboxCorrupted(OutboxError):
    """The file is damaged. It is left as it is."""


class OutboxUnavailable(OutboxError):
    """The file cannot be opened or written."""


class AlreadyDelivering(EdgeError):
    """Another process delivers from this outbox."""
