"""`passage provision registry`: what events may name, from a file into the database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from schemas.queries import load_queries
from schemas.registry import Registry
from services.provision import registry_file
from services.provision.errors import InvalidRegistry, ProvisionError
from services.provision.reference import (
    TABLES,
    Difference,
    Key,
    Rows,
    Table,
    Values,
    difference,
    rows,
)
from services.provision.report import Changes, Report, silent
from services.runtime.database import connect

_APPLICATION = "passage provision registry"


def load(
    database: str | psycopg.Connection[Any],
    registry: Registry | Path | str,
    today: date,
    report: Report = silent,
    *,
    dry_run: bool = False,
) -> list[str]:
    """Load a registry, or the file that holds it, as the database's owner, in one transaction.

    Returns the changes, none when the database held it already. Where a site's time zone changes,
    its stored days are counted anew from the buckets. Raises InvalidRegistry when the
    file is wrong, or when an entry would vanish that counts or events still name: those may only
    be closed, by `valid_to`. `today` says up to which year public holidays are worked out.
    """
    document = registry if isinstance(registry, Registry) else registry_file.read(Path(registry))
    wanted = rows(document, today)
    changes = Changes(report)
    verb = "would " if dry_run else ""
    with (
        _connection(database) as connection,
        _explained(),
        connection.transaction(force_rollback=dry_run),
    ):
        queries = load_queries("services.provision", "registry.sql")
        connection.execute(queries["lock"])
        differences = difference(_found(connection), wanted)
        _refuse_vanished(connection, differences)
        moved = _moved_sites(connection, document)
        for one in reversed(differences):
            _remove(connection, one.table, one.removed)
        for one in differences:
            _write(connection, one.table, {**one.added, **one.changed})
            for sentence in one.sentences():
                changes.add(verb + sentence)
        if moved:
            if not dry_run:
                _count_days_anew(connection, moved)
            changes.add(f"{verb}count the days of {', '.join(moved)} anew, by the new time zone")
        if _is_new(connection, document):
            # An identity's numbers are not given back: a dry run takes none.
            revision = "a revision" if dry_run else _add_revision(connection, document)
            changes.add(f"{verb}add {revision} of the registry {document.code}")
    return changes.made


def _checksum(registry: Registry) -> str:
    document = registry.model_dump(mode="json")
    canonical = json.dumps(document, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _is_new(connection: psycopg.Connection[Any], registry: Registry) -> bool:
    query = load_queries("services.provision", "registry.sql")["newest_checksum"]
    newest = connection.execute(query).fetchone()
    return newest is None or newest[0] != _checksum(registry)


def _add_revision(connection: psycopg.Connection[Any], registry: Registry) -> str:
    query = load_queries("services.provision", "registry.sql")["add_revision"]
    document = Jsonb(registry.model_dump(mode="json"))
    row = connection.execute(
        query, {"checksum": _checksum(registry), "document": document}
    ).fetchone()
    return f"revision {row[0]}" if row else "a revision"


def _found(connection: psycopg.Connection[Any]) -> Rows:
    found: dict[str, dict[Key, Values]] = {}
    for table in TABLES:
        statement = sql.SQL("SELECT {} FROM {}").format(
            _columns(table.columns), sql.Identifier(table.name)
        )
        width = len(table.key)
        found[table.name] = {
            row[:width]: row[width:] for row in connection.execute(statement).fetchall()
        }
    return found


def _refuse_vanished(
    connection: psycopg.Connection[Any], differences: Iterable[Difference]
) -> None:
    queries = load_queries("services.provision", "registry.sql")
    named = []
    for one in differences:
        if (query := queries.get(f"names_{one.table.name}")) is None:
            continue
        for key in one.removed:
            row = connection.execute(query, {"code": key[0]}).fetchone()
            if row is not None and row[0]:
                named.append(f"{one.table.name} {key[0]!r}")
    if named:
        raise InvalidRegistry(
            f"{', '.join(named)} would vanish from the registry, but counts or events name it; "
            "keep the entry and give it a valid_to: the first day on which it is no more"
        )


def _moved_sites(connection: psycopg.Connection[Any], document: Registry) -> list[str]:
    """Sites with counts whose days the new registry cuts otherwise."""
    query = load_queries("services.provision", "registry.sql")["moved_sites"]
    parameters = {
        "sites": [site.code for site in document.sites],
        "time_zones": [site.time_zone for site in document.sites],
    }
    return [row[0] for row in connection.execute(query, parameters).fetchall()]


def _count_days_anew(connection: psycopg.Connection[Any], sites: list[str]) -> None:
    queries = load_queries("services.provision", "registry.sql")
    connection.execute(queries["lock_days"])
    for name in ("forget_days", "forget_wait_days", "count_days", "count_wait_days"):
        connection.execute(queries[name], {"sites": sites})


def _remove(connection: psycopg.Connection[Any], table: Table, keys: list[Key]) -> None:
    if not keys:
        return
    # IS NOT DISTINCT FROM, for a validity without a beginning or an end is NULL.
    statement = sql.SQL("DELETE FROM {} WHERE {}").format(
        sql.Identifier(table.name),
        sql.SQL(" AND ").join(
            sql.SQL("{} IS NOT DISTINCT FROM %s").format(sql.Identifier(column))
            for column in table.key
        ),
    )
    with connection.cursor() as cursor:
        cursor.executemany(statement, keys)


def _write(connection: psycopg.Connection[Any], table: Table, written: dict[Key, Values]) -> None:
    if not written:
        return
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table.name),
        _columns(table.columns),
        sql.SQL(", ").join(sql.Placeholder() * len(table.columns)),
    )
    if table.values:
        statement += sql.SQL(" ON CONFLICT ({}) DO UPDATE SET {}").format(
            _columns(table.key),
            sql.SQL(", ").join(
                sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column))
                for column in table.values
            ),
        )
    with connection.cursor() as cursor:
        cursor.executemany(statement, [(*key, *values) for key, values in written.items()])


def _columns(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name in names)


@contextmanager
def _connection(
    database: str | psycopg.Connection[Any],
) -> Iterator[psycopg.Connection[Any]]:
    if isinstance(database, psycopg.Connection):
        yield database
        return
    with closing(connect(database, _APPLICATION, autocommit=True)) as connection:
        yield connection


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.UndefinedTable as error:
        raise ProvisionError(
            f"the database is not prepared ({error.diag.message_primary}); "
            "run `passage provision database` first"
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise ProvisionError(
            f"the database refuses: {error.diag.message_primary}; the registry is loaded with "
            "PASSAGE_DATABASE_OWNER"
        ) from error
    except psycopg.Error as error:
        raise ProvisionError(
            f"the database refuses: {error.diag.message_primary or str(error).strip()}"
        ) from error
