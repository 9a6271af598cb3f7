"""Connections to the database: bounded waits, and errors that never show a password."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from pydantic import AfterValidator, Field

from services.runtime.settings import SECRET, InvalidSetting

CONNECT_TIMEOUT_S = 10
DATABASE_URL = "postgresql://user:password@host:port/database"


class DatabaseUnavailable(Exception):
    """The database cannot be reached or refuses the login; the message says what to do."""


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """The parts of a database URL; the password is in no representation of it."""

    host: str
    port: int
    database: str
    user: str
    password: str | None = field(repr=False)
    others: dict[str, Any] = field(repr=False)
    """Whatever else the URL says, `sslmode` for example."""

    @classmethod
    def parse(cls, url: str, setting: str = "the database URL") -> DatabaseUrl:
        """Read a URL. Raises InvalidSetting, which names `setting` and never shows the URL."""
        expected = f"{setting} is wrong; expected {DATABASE_URL}"
        try:
            parts = dict(conninfo_to_dict(url))
        except psycopg.ProgrammingError:
            # The driver's own message would show the password.
            raise InvalidSetting(expected) from None
        try:
            return cls(
                user=str(parts.pop("user")),
                database=str(parts.pop("dbname")),
                host=str(parts.pop("host", "localhost")),
                port=int(parts.pop("port", None) or 5432),
                password=None if (word := parts.pop("password", None)) is None else str(word),
                others=parts,
            )
        except (KeyError, ValueError):
            raise InvalidSetting(expected) from None

    def __str__(self) -> str:
        """`user@host:port/database`."""
        return f"{self.user}@{self.host}:{self.port}/{self.database}"

    def parameters(self, application: str) -> dict[str, Any]:
        """Arguments for `psycopg.connect` and `psycopg.AsyncConnection.connect`.

        `application` is what the server's list of sessions shows.
        """
        named = {
            "host": self.host,
            "port": self.port,
            "dbname": self.database,
            "user": self.user,
            "application_name": application,
        }
        if self.password is not None:
            named["password"] = self.password
        # A server that vanished without a word is missed within a minute.
        timeouts = {
            "connect_timeout": CONNECT_TIMEOUT_S,
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
        }
        return {**timeouts, **self.others, **named}


def _is_url(text: str) -> str:
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError("it does not begin with postgresql://")
    try:
        DatabaseUrl.parse(text)
    except InvalidSetting:
        raise ValueError("a part of it is missing or misspelled") from None
    return text


DatabaseAddress = Annotated[
    str, SECRET, AfterValidator(_is_url), Field(repr=False, description=DATABASE_URL)
]
"""A database URL in settings: from the variable, or from the file that `…_FILE` names."""


def connect(
    url: str | DatabaseUrl, application: str, *, autocommit: bool = False
) -> psycopg.Connection[TupleRow]:
    """Connect, or raise DatabaseUnavailable with a sentence for a person."""
    address = url if isinstance(url, DatabaseUrl) else DatabaseUrl.parse(url)
    try:
        return psycopg.connect(**address.parameters(application), autocommit=autocommit)
    except psycopg.OperationalError as error:
        raise unavailable(address, error) from None


def unavailable(address: DatabaseUrl, error: psycopg.OperationalError) -> DatabaseUnavailable:
    """The sentence for a connection that failed: the server's own words, and the remedy."""
    words = " ".join(str(error).split()).removeprefix("connection failed: ")
    if address.password:
        words = words.replace(address.password, "***")
    # libpq gives no error code here, and the server's words are in the server's language.
    return DatabaseUnavailable(f"no connection to {address}: {words}; {_remedy(words)}")


def _remedy(words: str) -> str:
    said = words.lower()
    if "no encryption" in said:
        return "the server wants TLS: add ?sslmode=verify-full&sslrootcert=FILE to the URL"
    if "does not support ssl" in said:
        return "turn TLS on at the server, or correct sslmode in the URL"
    if "does not match host name" in said or "host name mismatch" in said:
        return "name the server in the URL as its certificate does"
    if "certificate has expired" in said:
        return "renew the certificate on the server"
    if "certificate" in said:
        return "correct sslrootcert in the URL: the authority that signed the server's certificate"
    if "fatal:" in said:
        return (
            "correct the user, password or database in the URL, or run `passage provision database`"
        )
    return "check that the server runs and that host and port are right"
