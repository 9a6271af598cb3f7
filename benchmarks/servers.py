"""The servers of a benchmark, their topics, and a database for each run."""

from __future__ import annotations

import random
import shutil
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import yaml
from psycopg import sql

from schemas.registry import Registry
from services.provision import database as provision_database
from services.provision import registry as provision_registry
from services.stack.stack import Stack

PROJECT = Path(__file__).parent.parent
DATA = PROJECT / ".data"
_TABLES = PROJECT / "benchmarks" / "peers" / "tables.sql"


def shipped_registry() -> Registry:
    """The registry of deploy/registry.yaml."""
    text = (PROJECT / "deploy" / "registry.yaml").read_text(encoding="utf-8")
    return Registry.model_validate(yaml.safe_load(text))


@contextmanager
def servers(home: Path) -> Iterator[Stack]:
    """A Kafka and a TimescaleDB of this benchmark's own; they and their data go with it."""
    kafka_port, postgres_port = _free_ports()
    stack = Stack(home, kafka_port, postgres_port, cache=DATA / "cache")
    try:
        stack.up()
        yield stack
    finally:
        stack.clean()
        shutil.rmtree(home, ignore_errors=True)


def _free_ports() -> tuple[int, int]:
    # Below those that the system gives to outgoing connections, lest one takes a port meanwhile.
    for port in random.sample(range(20_000, 30_000, 3), 1000):
        # Kafka's controller takes the port after Kafka's own.
        if all(_is_free(one) for one in (port, port + 1, port + 2)):
            return port, port + 2
    raise OSError("no free ports between 20000 and 30000")


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextmanager
def database(stack: Stack, registry: Registry) -> Iterator[dict[str, str]]:
    """Settings that lead a program to a new database: this project's tables and the peers'."""
    name = f"bench_{uuid4().hex[:8]}"
    environ = {
        key: value.rpartition("/")[0] + f"/{name}"
        if key.startswith("PASSAGE_DATABASE_") and not key.endswith("ADMIN")
        else value
        for key, value in stack.environ().items()
    }
    owner, admin = environ["PASSAGE_DATABASE_OWNER"], environ["PASSAGE_DATABASE_ADMIN"]
    provision_database.apply(
        provision_database.DatabaseUrls(
            owner=owner,
            writer=environ["PASSAGE_DATABASE_WRITER"],
            reader=environ["PASSAGE_DATABASE_READER"],
            admin=admin,
        )
    )
    provision_registry.load(owner, registry, datetime.now(UTC).date())
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute(_TABLES.read_bytes())
    try:
        yield environ
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(drop.format(sql.Identifier(name)))
