"""The SQL files that ship with the contracts, and which of them the database still needs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from services.provision.errors import ChangedHistory, InvalidMigrations, NewerDatabase

SQL = resources.files("schemas") / "sql"
_NUMBERED = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")
_FUNCTION = re.compile(r"^CREATE OR REPLACE FUNCTION (\w+)", re.MULTILINE)
_VIEW = re.compile(r"^CREATE OR REPLACE VIEW (\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SqlFile:
    """A file that is applied again whenever it changed: views, extras of the Community edition."""

    path: str
    body: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, the same whatever ends its lines."""
        return hashlib.sha256(self.body.encode()).hexdigest()

    @property
    def views(self) -> list[str]:
        """The views that it makes, in order."""
        return _VIEW.findall(self.body)

    @property
    def functions(self) -> list[str]:
        """The functions that it makes."""
        return _FUNCTION.findall(self.body)


@dataclass(frozen=True, slots=True)
class Migration(SqlFile):
    """A file that is applied once, in the order of the numbers, and never edited."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class Applied:
    """What the database remembers of a migration."""

    number: int
    name: str
    checksum: str

    @property
    def file(self) -> str:
        return f"{self.number:04}_{self.name}.sql"


def read_migrations(folder: Traversable) -> list[Migration]:
    """The migrations of a folder, in order. Raises InvalidMigrations for a wrong name or number."""
    migrations = []
    for file in _sql_files(folder):
        match = _NUMBERED.match(file.name)
        if match is None:
            raise InvalidMigrations(
                f"{file.name} is no name of a migration; expected 0001_what_it_does.sql"
            )
        number, name = int(match[1]), match[2]
        migrations.append(Migration(file.name, _text(file), number, name))
    for expected, migration in enumerate(migrations, start=1):
        if migration.number == expected - 1:
            raise InvalidMigrations(
                f"two migrations have the number {migration.number:04}: "
                f"{migrations[expected - 2].path} and {migration.path}; number the newer one anew"
            )
        if migration.number != expected:
            raise InvalidMigrations(
                f"migration {expected:04} is missing: {migration.path} comes in its place"
            )
    return migrations


def read_files(folder: Traversable) -> list[SqlFile]:
    """The files of a folder, ordered by name; none when the folder is not there."""
    if not folder.is_dir():
        return []
    return [SqlFile(f"{folder.name}/{file.name}", _text(file)) for file in _sql_files(folder)]


def pending(applied: Iterable[Applied], available: list[Migration]) -> list[Migration]:
    """The migrations that are still to be applied.

    Raises NewerDatabase or ChangedHistory when what was applied is not what is available.
    """
    known = {migration.number: migration for migration in available}
    done = sorted(applied, key=lambda one: one.number)
    newest = max(known, default=0)
    if done and done[-1].number > newest:
        raise NewerDatabase(
            f"the database has {done[-1].file}, this program knows migrations up to {newest:04} "
            "only; use the program that made the database, or a newer one"
        )
    for one in done:
        migration = known[one.number]
        if migration.name != one.name:
            raise ChangedHistory(
                f"{one.file} was applied to this database but is gone ({migration.path} has its "
                "number); put the file back and give the other one a new number"
            )
        if migration.checksum != one.checksum:
            raise ChangedHistory(
                f"{one.file} changed after it was applied to this database; restore it (its text "
                f"is in the column body of the table migration) and write a new migration instead"
            )
    numbers = {one.number for one in done}
    return [migration for migration in available if migration.number not in numbers]


def changed(found: Mapping[str, str], wanted: Iterable[SqlFile]) -> list[str]:
    """Paths whose checksum is not the one found, and paths found that are wanted no more."""
    checksums = {file.path: file.checksum for file in wanted}
    return sorted(path for path in {*found, *checksums} if found.get(path) != checksums.get(path))


def _sql_files(folder: Traversable) -> list[Traversable]:
    return sorted(
        (file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda f: f.name
    )


def _text(file: Traversable) -> str:
    return file.read_text(encoding="utf-8")
