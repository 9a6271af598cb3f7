"""A database that wants TLS is reached by TLS only, and only when it proves who it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from services.runtime.database import DatabaseUnavailable, connect
from tests.integration.security.certificates import Authority
from tests.integration.security.closed_database import ClosedDatabase


@pytest.mark.parametrize("role", ["owner", "writer", "reader"])
def test_every_role_is_connected_by_tls(closed_db: ClosedDatabase, role: str) -> None:
    with connect(closed_db.url(role), "passage test") as connection:
        assert connection.execute(
            "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        ).fetchone() == (True, "TLSv1.3")


def test_the_server_takes_nobody_without_tls(closed_db: ClosedDatabase) -> None:
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        psycopg.connect(closed_db.url("reader", "sslmode=disable"))


Wrong = Callable[[ClosedDatabase, Path], str]


def _another_authority(database: ClosedDatabase, folder: Path) -> str:
    file = Authority(folder, "another").file
    return database.url("reader", f"sslmode=verify-full&sslrootcert={file}")


def _a_wrong_password(database: ClosedDatabase, folder: Path) -> str:
    return database.url("reader").replace(database.passwords["reader"], "guessed")


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        (lambda d, f: d.url("reader", "sslmode=disable"), "add ?sslmode=verify-full&sslrootcert="),
        (_another_authority, "correct sslrootcert in the URL"),
        (lambda d, f: d.url("reader", host="localhost"), "as its certificate does"),
        (_a_wrong_password, "correct the user, password or database in the URL"),
    ],
    ids=["no TLS", "authority", "name", "password"],
)
def test_what_does_not_fit_is_told_with_its_remedy(
    closed_db: ClosedDatabase, tmp_path: Path, url: Wrong, remedy: str
) -> None:
    with pytest.raises(DatabaseUnavailable) as caught:
        connect(url(closed_db, tmp_path), "passage test")
    assert remedy in str(caught.value)
    assert closed_db.passwords["reader"] not in str(caught.value)
