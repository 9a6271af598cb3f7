"""What stands against an adapter; each message says what to do and holds no value of a payload."""

from __future__ import annotations


class AdapterError(Exception):
    """Base of the adapters' errors; the message is fit for a person."""


class InvalidMapping(AdapterError):
    """The mapping's file is wrong; the message has a line for every mistake."""


class InvalidSecret(AdapterError):
    """The file of a signature's secrets cannot be used."""


class InvalidExport(AdapterError):
    """A file is not the CSV that the mapping describes; nothing of it was taken."""


class SourceUnavailable(AdapterError):
    """The folder or the SFTP server cannot be read."""
