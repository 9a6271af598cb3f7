"""What stops provisioning, and what to do about it."""

from __future__ import annotations


class ProvisionError(Exception):
    """The environment could not be made to match; the message names the thing and the remedy."""


class InvalidMigrations(ProvisionError):
    """The program's own migration files are not numbered 1, 2, 3 …"""


class ChangedHistory(ProvisionError):
    """A migration that the database has applied is no longer the same file."""


class NewerDatabase(ProvisionError):
    """The database has migrations that this program does not know."""


class MigrationFailed(ProvisionError):
    """The database refused a statement of a file; that file left no trace."""


class Busy(ProvisionError):
    """Another run holds the lock."""


class InvalidRegistry(ProvisionError):
    """The registry file is not valid, or would take away what facts still name."""
