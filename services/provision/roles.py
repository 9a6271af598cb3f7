"""The three roles of the database, made and kept as they should be by its administrator."""

from __future__ import annotations

from typing import Any, LiteralString

import psycopg
from psycopg import sql

from schemas.queries import load_queries
from services.provision import passwords
from services.provision.errors import ProvisionError
from services.provision.report import Changes
from services.runtime.database import DatabaseUrl

_ATTRIBUTES: LiteralString = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
# Days are cut in the site's time zone by the views; everything else is in UTC.
_UTC = {"TimeZone": "UTC"}
OWNER_SETTINGS = _UTC
# A worker that died between BEGIN and COMMIT must not keep its row locks.
WRITER_SETTINGS = _UTC | {"idle_in_transaction_session_timeout": "60s"}
# A panel that takes longer is a mistake, and a reader changes nothing even where it could.
READER_SETTINGS = _UTC | {
    "default_transaction_read_only": "on",
    "idle_in_transaction_session_timeout": "60s",
    # Compiling a panel's query takes longer than running it.
    "jit": "off",
    "statement_timeout": "30s",
}


def align(
    connection: psycopg.Connection[Any],
    address: DatabaseUrl,
    settings: dict[str, str],
    changes: Changes,
    *,
    dry_run: bool,
) -> None:
    """Make the role of an address: its attributes, its settings in every session, its password.

    Raises ProvisionError when the name belongs to a superuser: that is nobody's working role.
    """
    queries = load_queries("services.provision")
    role = sql.Identifier(address.user)
    row = connection.execute(queries["found_role"], {"role": address.user}).fetchone()
    if row is not None and row[0]:
        raise ProvisionError(
            f"{address.user} is a superuser of {address.host}:{address.port}; name a role of its "
            "own in the URL, it will be made"
        )
    statements: list[tuple[str, sql.Composed]] = []
    if row is None:
        statements.append(
            (f"make role {address.user}", sql.SQL("CREATE ROLE {} " + _ATTRIBUTES).format(role))
        )
    elif not row[1]:
        statements.append(
            (
                f"take all attributes but LOGIN from role {address.user}",
                sql.SQL("ALTER ROLE {} " + _ATTRIBUTES).format(role),
            )
        )
    found = dict(setting.split("=", 1) for setting in row[2]) if row else {}
    statements += [
        (
            f"set {name} = {value} for role {address.user}",
            sql.SQL("ALTER ROLE {} SET {} = {}").format(role, sql.Identifier(name), value),
        )
        for name, value in settings.items()
        if found.get(name) != value
    ]
    if address.password is not None and not _password_fits(connection, address):
        statements.append(
            (
                f"set the password of role {address.user}",
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                    role, passwords.to_store(connection, address.user, address.password)
                ),
            )
        )
    for sentence, statement in statements:
        if not dry_run:
            connection.execute(statement)
        changes.add(f"would {sentence}" if dry_run else sentence)


def _password_fits(connection: psycopg.Connection[Any], address: DatabaseUrl) -> bool:
    query = load_queries("services.provision")["found_password"]
    try:
        row = connection.execute(query, {"role": address.user}).fetchone()
    except psycopg.errors.InsufficientPrivilege:
        # An administrator that is no superuser cannot compare: the password is set every time.
        return False
    return row is not None and passwords.fits(address.password or "", row[0])
