"""The database's passwords, made once, and the file that tells other programs the addresses."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

ADMIN = "passage_admin"
OWNER = "passage_owner"
WRITER = "passage_writer"
READER = "passage_reader"
DATABASE = "passage"


class Passwords:
    """One random password per role; the same ones as long as the file is there."""

    def __init__(self, path: Path, *, make: Callable[[], str] | None = None) -> None:
        self._path = path
        self._make = make or (lambda: secrets.token_urlsafe(24))

    def load(self) -> Mapping[str, str]:
        """The passwords by role; those that are missing are made and kept."""
        try:
            known: dict[str, str] = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            known = {}
        wanted = (ADMIN, OWNER, WRITER, READER)
        if missing := [role for role in wanted if role not in known]:
            known |= {role: self._make() for role in missing}
            write_private(self._path, json.dumps(known, indent=2) + "\n")
        return known

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)


def environment(
    passwords: Mapping[str, str], *, bootstrap: str, postgres_address: str
) -> dict[str, str]:
    """The settings that lead every other service to this stack.

    The roles of owner, writer and reader, and their database, are made by `passage provision`.
    """

    def url(role: str, database: str) -> str:
        return f"postgresql://{role}:{passwords[role]}@{postgres_address}/{database}"

    return {
        "PASSAGE_KAFKA": bootstrap,
        "PASSAGE_DATABASE_ADMIN": url(ADMIN, "postgres"),
        "PASSAGE_DATABASE_OWNER": url(OWNER, DATABASE),
        "PASSAGE_DATABASE_WRITER": url(WRITER, DATABASE),
        "PASSAGE_DATABASE_READER": url(READER, DATABASE),
    }


def render_env(environ: Mapping[str, str]) -> str:
    """The same as KEY=VALUE lines, which both a shell and Docker's --env-file read."""
    return "".join(f"{key}={value}\n" for key, value in environ.items())


def write_private(path: Path, text: str) -> None:
    """Replace the file at once; it never exists with more rights than its owner's."""
    partial = path.with_name(f"{path.name}.partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    partial.replace(path)
