"""A database server that takes connections by TLS only."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.provision.database import DatabaseUrls
from services.stack.account import Account, DataFolder
from services.stack.credentials import ADMIN, Passwords
from services.stack.postgres import PostgresServer
from tests.conftest import free_ports
from tests.integration.security.certificates import Authority

DATABASE = "passage"
ACCESS = """\
hostssl  all  all  127.0.0.1/32  scram-sha-256
"""


@dataclass(frozen=True)
class ClosedDatabase:
    """The running server, and URLs into it."""

    server: PostgresServer
    authority: Authority
    passwords: dict[str, str]

    def url(self, role: str, how: str | None = None, *, host: str = "127.0.0.1") -> str:
        """The URL of `admin`, `owner`, `writer` or `reader`; `how` is what follows the database."""
        name = DATABASE if role != "admin" else "postgres"
        tls = f"sslmode=verify-full&sslrootcert={self.authority.file}" if how is None else how
        return (
            f"postgresql://passage_{role}:{self.passwords[role]}@{host}:{self.server.port}/{name}"
            f"?{tls}"
        )

    @property
    def urls(self) -> DatabaseUrls:
        """Of all four roles."""
        return DatabaseUrls(
            *(self.url(role) for role in ("owner", "writer", "reader")), admin=self.url("admin")
        )


def running(home: Path, authority: Authority) -> Iterator[ClosedDatabase]:
    """A server without a database yet, until the test session ends."""
    account = Account.for_user_id(os.geteuid())
    folder = DataFolder(home)
    place = folder.make(account)
    # Beside the data, which the server's account can read.
    files = {}
    for kind, file in zip(
        ("cert", "key"), authority.issue("database", "127.0.0.1", file="database"), strict=True
    ):
        files[kind] = place / file.name
        shutil.copy(file, files[kind])
        account.take(files[kind])
    known = Passwords(home / "passwords.json")
    server = PostgresServer(
        home,
        free_ports(1)[0],
        account=lambda: account,
        folder=folder,
        passwords=known,
        settings={
            "ssl": "on",
            "ssl_cert_file": str(files["cert"]),
            "ssl_key_file": str(files["key"]),
        },
        access=ACCESS,
    )
    passwords = {role: secrets.token_hex(16) for role in ("owner", "writer", "reader")}
    try:
        server.start()
        yield ClosedDatabase(server, authority, {**passwords, "admin": known.load()[ADMIN]})
    finally:
        server.stop()
        server.remove()
