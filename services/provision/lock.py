"""One run at a time, without waiting for ever."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from schemas.queries import load_queries
from services.provision.errors import Busy

# "passage" in ASCII: any constant that nobody else takes by accident.
_KEY = 0x70617373616765
_POLL_S = 0.2


@contextmanager
def alone(connection: psycopg.Connection[Any], *, patience_s: float) -> Iterator[None]:
    """Hold the connection's database for this run; needs an autocommit connection.

    Raises Busy, which says who holds it, when that takes longer than `patience_s`. The lock ends
    with the session, so that a run that dies leaves nothing behind.
    """
    queries = load_queries("services.provision")
    deadline = time.monotonic() + patience_s
    while not _taken(connection):
        if time.monotonic() >= deadline:
            holder = connection.execute(queries["lock_holder"], {"key": _KEY}).fetchone()
            who = "{} (process {}, from {})".format(*holder) if holder else "another session"
            raise Busy(
                f"{who} has been provisioning {connection.info.dbname} for more than "
                f"{patience_s:g} s; wait for it and try again, or end it with "
                "SELECT pg_terminate_backend(process)"
            )
        time.sleep(_POLL_S)
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", [_KEY])


def _taken(connection: psycopg.Connection[Any]) -> bool:
    row = connection.execute(
        load_queries("services.provision")["try_lock"], {"key": _KEY}
    ).fetchone()
    return row is not None and bool(row[0])
