"""Brings a database's tables and views to what the contracts say, as the owner."""

from __future__ import annotations

import time
from collections.abc import Iterable
from importlib.resources.abc import Traversable
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from schemas.queries import load_queries
from services.provision.errors import MigrationFailed
from services.provision.files import (
    Applied,
    Migration,
    SqlFile,
    changed,
    pending,
    read_files,
    read_migrations,
)
from services.provision.report import Changes

# A view in use is waited for, but not so long that every reader queues up behind us.
_LOCK_TIMEOUT = "30s"
# What PostgreSQL says when CREATE OR REPLACE cannot turn the old one into the new one.
_IRREPLACEABLE = (
    psycopg.errors.InvalidTableDefinition,
    psycopg.errors.InvalidFunctionDefinition,
)


def migrate(
    connection: psycopg.Connection[Any], folder: Traversable, changes: Changes, *, dry_run: bool
) -> None:
    """Apply the migrations that are missing, each in its own transaction together with its record.

    Needs an autocommit connection that holds the lock. Raises a ProvisionError before anything is
    done when the files and the database's history contradict each other.
    """
    available = read_migrations(folder)
    missing = pending(_applied(connection), available)
    if dry_run:
        for migration in missing:
            changes.add(f"would apply migration {migration.path}")
        return
    with connection.transaction():
        connection.execute(_queries()["create_records"])
    for migration in missing:
        started = time.monotonic()
        with connection.transaction():
            _prepare(connection)
            _execute(connection, migration)
            connection.execute(
                _queries()["record_migration"],
                {
                    "number": migration.number,
                    "name": migration.name,
                    "checksum": migration.checksum,
                    "body": migration.body,
                },
            )
        changes.add(f"applied migration {migration.path} ({time.monotonic() - started:.1f} s)")


def reapply_views(
    connection: psycopg.Connection[Any], folder: Traversable, changes: Changes, *, dry_run: bool
) -> None:
    """Make the views what the files say, all in one transaction, when a file or a view changed.

    A view keeps the rights that others were given on it unless its columns changed in a way that
    PostgreSQL refuses to replace: then the views are dropped and made anew.
    """
    files = read_files(folder)
    reasons = _differences(connection, folder.name, files)
    names = [name for file in files for name in file.views]
    existing = _views(connection)
    reasons += [
        f"{name} is missing"
        for file in files
        for name in file.views
        if name not in existing and file.path not in reasons
    ]
    reasons += [f"{name} is wanted no more" for name in existing if name not in names]
    if not reasons:
        return
    if dry_run:
        changes.add(f"would make the views anew ({'; '.join(reasons)})")
        return
    started = time.monotonic()
    with connection.transaction():
        _prepare(connection)
        _drop(connection, "VIEW", [name for name in existing if name not in names])
        try:
            with connection.transaction():
                _execute_all(connection, files)
        except MigrationFailed as failure:
            if not isinstance(failure.__cause__, _IRREPLACEABLE):
                raise
            _drop(connection, "VIEW", _views(connection))
            # Migrations make functions too; those are not ours to drop.
            names_of_functions = [name for file in files for name in file.functions]
            _drop(connection, "FUNCTION", _functions(connection, names_of_functions))
            _execute_all(connection, files)
        _record(connection, folder.name, files)
    changes.add(f"made the views anew ({time.monotonic() - started:.1f} s): {'; '.join(reasons)}")


def apply_community(
    connection: psycopg.Connection[Any], folder: Traversable, changes: Changes, *, dry_run: bool
) -> None:
    """Switch on what only TimescaleDB's Community edition has; elsewhere say what is left out."""
    files = read_files(folder)
    if not files:
        return
    row = connection.execute(_queries()["has_community_edition"]).fetchone()
    if row is None or not row[0]:
        names = ", ".join(file.path for file in files)
        changes.remark(f"left out {names}: this TimescaleDB is the Apache edition")
        return
    reasons = _differences(connection, folder.name, files)
    if not reasons:
        return
    if dry_run:
        changes.add(f"would apply {'; '.join(reasons)}")
        return
    with connection.transaction():
        _prepare(connection)
        _execute_all(connection, files)
        _record(connection, folder.name, files)
    changes.add(f"applied {'; '.join(reasons)}")


def _queries() -> dict[str, LiteralString]:
    return load_queries("services.provision")


def _has_records(connection: psycopg.Connection[Any]) -> bool:
    row = connection.execute(_queries()["has_records"]).fetchone()
    return row is not None and bool(row[0])


def _applied(connection: psycopg.Connection[Any]) -> list[Applied]:
    if not _has_records(connection):
        return []
    return [Applied(*row) for row in connection.execute(_queries()["applied_migrations"])]


def _views(connection: psycopg.Connection[Any]) -> list[str]:
    return [row[0] for row in connection.execute(_queries()["views"])]


def _differences(
    connection: psycopg.Connection[Any], folder: str, files: Iterable[SqlFile]
) -> list[str]:
    found: dict[str, str] = {}
    if _has_records(connection):
        found = dict(connection.execute(_queries()["applied_files"], {"folder": folder}).fetchall())
    return [f"{path} changed" if path in found else path for path in changed(found, files)]


def _record(connection: psycopg.Connection[Any], folder: str, files: list[SqlFile]) -> None:
    paths = {file.path for file in files}
    for path, _ in connection.execute(_queries()["applied_files"], {"folder": folder}).fetchall():
        if path not in paths:
            connection.execute(_queries()["forget_file"], {"path": path})
    for file in files:
        connection.execute(
            _queries()["record_file"], {"path": file.path, "checksum": file.checksum}
        )


def _functions(connection: psycopg.Connection[Any], names: list[str]) -> list[str]:
    rows = connection.execute(_queries()["functions"], {"names": names}).fetchall()
    return [row[0] for row in rows]


def _drop(connection: psycopg.Connection[Any], kind: str, names: list[str]) -> None:
    # Together in one statement, so that those which use each other need no order. Without CASCADE:
    # what somebody else built on ours is theirs to drop. The names are the catalogue's, as SQL.
    if not names:
        return
    try:
        connection.execute(f"DROP {kind} {', '.join(names)}")
    except psycopg.errors.DependentObjectsStillExist as error:
        raise MigrationFailed(
            f"a view cannot be replaced: {error.diag.message_detail}; drop what depends on it, "
            "provision, and make it again"
        ) from None


def _prepare(connection: psycopg.Connection[Any]) -> None:
    connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(_LOCK_TIMEOUT))


def _execute_all(connection: psycopg.Connection[Any], files: Iterable[SqlFile]) -> None:
    for file in files:
        _execute(connection, file)


def _execute(connection: psycopg.Connection[Any], file: SqlFile | Migration) -> None:
    try:
        # Without parameters, a file may hold several statements and percent signs.
        connection.execute(file.body)
    except psycopg.errors.LockNotAvailable:
        raise MigrationFailed(
            f"{file.path} waited {_LOCK_TIMEOUT} for a table or view that is in use; "
            "try again when fewer queries run, or end the long one"
        ) from None
    except psycopg.Error as error:
        position = error.diag.statement_position
        line = file.body.count("\n", 0, int(position)) + 1 if position else None
        where = f"{file.path}, line {line}" if line else file.path
        raise MigrationFailed(
            f"{where}: {error.diag.message_primary or error}; nothing of this file was kept"
        ) from error
