"""`passage provision database`: the database, its roles, tables and views, and their rights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from typing import Any

import psycopg
from psycopg import sql

from schemas.queries import load_queries
from services.provision import migrations, rights, roles
from services.provision.errors import ProvisionError
from services.provision.files import SQL
from services.provision.lock import alone
from services.provision.report import Changes, Report, silent
from services.runtime.database import DatabaseUrl, connect
from services.runtime.settings import InvalidSetting

APPLICATION = "passage provision"
OLDEST_POSTGRESQL = 15


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """Where the database is and who uses it; names and passwords of the roles come from here.

    Without `admin` the database, its extension and its roles must be there already.
    """

    owner: str = field(repr=False)
    writer: str = field(repr=False)
    reader: str = field(repr=False)
    admin: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Addresses:
    owner: DatabaseUrl
    writer: DatabaseUrl
    reader: DatabaseUrl
    admin: DatabaseUrl | None

    @classmethod
    def parse(cls, urls: DatabaseUrls) -> _Addresses:
        setting = "PASSAGE_DATABASE_"
        addresses = cls(
            DatabaseUrl.parse(urls.owner, setting + "OWNER"),
            DatabaseUrl.parse(urls.writer, setting + "WRITER"),
            DatabaseUrl.parse(urls.reader, setting + "READER"),
            DatabaseUrl.parse(urls.admin, setting + "ADMIN") if urls.admin else None,
        )
        users = [one.user for one in (addresses.owner, addresses.writer, addresses.reader)]
        users += [addresses.admin.user] if addresses.admin else []
        if len(set(users)) < len(users):
            raise InvalidSetting(
                f"PASSAGE_DATABASE_* names one role twice ({', '.join(users)}); expected one "
                "each for administrator, owner, writer and reader"
            )
        if len({one.database for one in (addresses.owner, addresses.writer, addresses.reader)}) > 1:
            raise InvalidSetting(
                "PASSAGE_DATABASE_OWNER, _WRITER and _READER name different databases; expected one"
            )
        return addresses


def apply(
    urls: DatabaseUrls,
    report: Report = silent,
    *,
    sql_folder: Traversable = SQL,
    patience_s: float = 60.0,
    dry_run: bool = False,
) -> list[str]:
    """Make the database match the contracts; returns the changes, none when it did already.

    Two runs at once take turns; one waits `patience_s` at most. A dry run changes nothing and says
    what it would change, as far as that can be known before. Raises ProvisionError,
    DatabaseUnavailable or InvalidSetting.
    """
    addresses = _Addresses.parse(urls)
    changes = Changes(report)
    with _explained():
        if addresses.admin is not None:
            is_there = _administer(addresses.admin, addresses, changes, patience_s, dry_run)
            if dry_run and not is_there:
                changes.add("would apply all migrations, views and rights to the new database")
                return changes.made
        with _session(addresses.owner) as connection, alone(connection, patience_s=patience_s):
            # Everything unqualified goes here, whatever the role's own path says.
            connection.execute("SET search_path = public")
            _require_extension(connection, addresses.owner)
            migrations.migrate(connection, sql_folder / "migrations", changes, dry_run=dry_run)
            migrations.reapply_views(connection, sql_folder / "views", changes, dry_run=dry_run)
            migrations.apply_community(
                connection, sql_folder / "community", changes, dry_run=dry_run
            )
            _align_rights(connection, addresses, changes, dry_run=dry_run)
    return changes.made


def _administer(
    admin: DatabaseUrl,
    addresses: _Addresses,
    changes: Changes,
    patience_s: float,
    dry_run: bool,
) -> bool:
    """Make roles, database and extension; False when the database is still to be made."""
    queries = load_queries("services.provision")
    owner = addresses.owner
    with _session(admin) as connection, alone(connection, patience_s=patience_s):
        server = connection.execute(queries["server"]).fetchone()
        if server is None or server[0] < OLDEST_POSTGRESQL:
            raise ProvisionError(
                f"{admin.host}:{admin.port} is older than PostgreSQL "
                f"{OLDEST_POSTGRESQL}; upgrade it"
            )
        for address, settings in (
            (owner, roles.OWNER_SETTINGS),
            (addresses.writer, roles.WRITER_SETTINGS),
            (addresses.reader, roles.READER_SETTINGS),
        ):
            roles.align(connection, address, settings, changes, dry_run=dry_run)
        found = connection.execute(
            queries["found_database"], {"database": owner.database}
        ).fetchone()
        if found is None and dry_run:
            changes.add(f"would make database {owner.database}")
            return False
        names = (sql.Identifier(owner.database), sql.Identifier(owner.user))
        if found is None or found[0] != owner.user:
            verb = "make" if found is None else f"give owner {owner.user} to"
            if not dry_run:
                _act_as(connection, owner.user)
                connection.execute(
                    sql.SQL(
                        # Not from template1, in which anybody may have left anything.
                        "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'"
                        if found is None
                        else "ALTER DATABASE {} OWNER TO {}"
                    ).format(*names)
                )
            changes.add(f"{'would ' if dry_run else ''}{verb} database {owner.database}")
        inside = DatabaseUrl(
            admin.host, admin.port, owner.database, admin.user, admin.password, admin.others
        )
        with _session(inside) as database:
            return _make_extension(database, changes, dry_run)


def _act_as(connection: psycopg.Connection[Any], role: str) -> None:
    # An administrator that is no superuser must belong to the owner to make something for it.
    queries = load_queries("services.provision")
    row = connection.execute(queries["may_act_as"], {"role": role}).fetchone()
    if row is None or not row[0]:
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))


def _make_extension(connection: psycopg.Connection[Any], changes: Changes, dry_run: bool) -> bool:
    found = connection.execute(load_queries("services.provision")["found_extension"]).fetchone()
    if found is not None:
        return True
    if dry_run:
        changes.add("would make extension timescaledb")
        return False
    try:
        connection.execute("CREATE EXTENSION timescaledb")
    except (psycopg.errors.FeatureNotSupported, psycopg.errors.UndefinedFile):
        raise ProvisionError(
            "TimescaleDB is not installed on this server; install its package for this PostgreSQL "
            "(postgresql-17-timescaledb on Debian 13), or use docker-compose.yml"
        ) from None
    except psycopg.OperationalError as error:
        raise ProvisionError(
            f"TimescaleDB does not start: {str(error).strip()}; put shared_preload_libraries = "
            "'timescaledb' into postgresql.conf and restart the server"
        ) from None
    changes.add("make extension timescaledb")
    return True


def _require_extension(connection: psycopg.Connection[Any], owner: DatabaseUrl) -> None:
    if connection.execute(load_queries("services.provision")["found_extension"]).fetchone() is None:
        raise ProvisionError(
            f"database {owner.database} has no extension timescaledb; set "
            "PASSAGE_DATABASE_ADMIN, or let its administrator run CREATE EXTENSION timescaledb"
        )


def _align_rights(
    connection: psycopg.Connection[Any], addresses: _Addresses, changes: Changes, *, dry_run: bool
) -> None:
    readers = rights.Readers(addresses.writer.user, addresses.reader.user)
    with connection.transaction():
        rights.align(connection, readers, changes, dry_run=dry_run)


@contextmanager
def _session(address: DatabaseUrl) -> Iterator[psycopg.Connection[Any]]:
    with closing(connect(address, APPLICATION, autocommit=True)) as connection:
        # TimescaleDB greets every CREATE EXTENSION with a banner.
        connection.execute("SET client_min_messages = warning")
        yield connection


@contextmanager
def _explained() -> Iterator[None]:
    """What the database refuses becomes a sentence; it never holds a password, see `passwords`."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise ProvisionError(
            f"the database refuses: {error.diag.message_primary}; PASSAGE_DATABASE_ADMIN must name "
            "who may make roles and databases, PASSAGE_DATABASE_OWNER who owns the tables"
        ) from error
    except psycopg.Error as error:
        words = error.diag.message_primary or str(error).strip()
        raise ProvisionError(f"the database refuses: {words}") from error
