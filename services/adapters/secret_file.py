"""The secrets of a webhook's signature, from a file that only this user reads."""

from __future__ import annotations

import stat
from pathlib import Path

from services.adapters.errors import InvalidSecret


def load_secrets(path: Path) -> tuple[bytes, ...]:
    """The secrets, one a line: two while one replaces the other. Raises InvalidSecret."""
    try:
        if path.stat().st_mode & (stat.S_IRWXO | stat.S_IWGRP):
            raise InvalidSecret(f"{path} is open to others. Remedy: chmod 640 {path}")
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InvalidSecret(f"{path} cannot be read: {error.strerror}") from None
    secrets = tuple(line.strip() for line in lines if line.strip())
    if not secrets:
        raise InvalidSecret(f"{path} holds no secret. Remedy: write the vendor's secret into it")
    return secrets
