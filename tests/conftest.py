"""What tests share: a real Kafka and a real TimescaleDB of their own, started on demand."""

from __future__ import annotations

import gc
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import hypothesis
import psycopg
import pytest
import yaml
from psycopg import sql

from benchmarks.history import fill
from schemas.registry import Registry
from services.provision import database as provision_database
from services.provision import registry as provision_registry
from services.provision import topics as provision_topics
from services.stack.kafka import KafkaServer
from services.stack.postgres import PostgresServer
from services.stack.stack import Stack
from tests.pipeline import Pipeline

PROJECT = Path(__file__).parent.parent
REGISTRY_FILE = PROJECT / "deploy" / "registry.yaml"

T = TypeVar("T")

# The same examples in every run, and no verdict by the clock: what failed here fails there.
hypothesis.settings.register_profile("gate", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("gate")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The folder decides the mark: `-m unit` runs without any service."""
    for item in items:
        folder = Path(item.fspath).relative_to(PROJECT / "tests").parts[0]
        item.add_marker(getattr(pytest.mark, folder))


def pytest_collection_finish() -> None:
    # Two thousand tests and their modules stay to the end: the collector need not look at them
    # again for every day that is simulated.
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def eventually(
    condition: Callable[[], T], *, deadline_s: float = 120.0, every_s: float = 0.05
) -> T:
    """Wait until the condition holds and return its value; fail at the deadline."""
    ends = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < ends, f"not within {deadline_s} s; last seen: {value!r}"
        time.sleep(every_s)


@pytest.fixture(name="eventually", scope="session")
def eventually_fixture() -> Callable[..., Any]:
    """The function `eventually`."""
    return eventually


def free_ports(count: int) -> list[int]:
    """Ports on which nothing listens just now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A running Kafka and TimescaleDB that belong to this test session."""
    home = PROJECT / ".data" / f"test-{os.getpid()}"
    kafka_port, postgres_port = _kafka_and_postgres_ports()
    running = Stack(home, kafka_port, postgres_port, cache=PROJECT / ".data" / "cache")
    try:
        running.install()
        running.up()
        yield running
    finally:
        running.clean()


def _kafka_and_postgres_ports() -> tuple[int, int]:
    # Kafka's controller listens beside it, on the next port.
    while True:
        kafka_port, postgres_port = free_ports(2)
        with socket.socket() as beside:
            try:
                beside.bind(("127.0.0.1", kafka_port + 1))
            except OSError:
                continue
        return kafka_port, postgres_port


@pytest.fixture
def broker(stack: Stack) -> Iterator[KafkaServer]:
    """The broker, to be stopped and started; it runs again after the test."""
    yield stack.kafka
    stack.kafka.start()


@pytest.fixture
def database_server(stack: Stack) -> Iterator[PostgresServer]:
    """The database server, to be stopped and started; it runs again after the test."""
    yield stack.postgres
    stack.postgres.start()


@dataclass(frozen=True)
class Database:
    """URLs of a test's own database, one for each role."""

    admin: str
    owner: str
    writer: str
    reader: str

    def rows(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of a query, as the owner."""
        with psycopg.connect(self.owner) as connection:
            return connection.execute(query, parameters).fetchall()  # type: ignore[arg-type]

    def value(self, query: str, **parameters: Any) -> Any:
        """The first column of the first row."""
        return self.rows(query, **parameters)[0][0]


def _database(stack: Stack, name: str, role_suffix: str = "") -> Database:
    environ = stack.environ()

    def url(role: str) -> str:
        head, _, _ = environ[f"PASSAGE_DATABASE_{role}"].rpartition("/")
        return head.replace(f"passage_{role.lower()}:", f"passage_{role.lower()}{role_suffix}:") + (
            f"/{name}"
        )

    return Database(environ["PASSAGE_DATABASE_ADMIN"], url("OWNER"), url("WRITER"), url("READER"))


def _urls(database: Database) -> provision_database.DatabaseUrls:
    return provision_database.DatabaseUrls(
        owner=database.owner, writer=database.writer, reader=database.reader, admin=database.admin
    )


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The shipped registry."""
    return Registry.model_validate(yaml.safe_load(REGISTRY_FILE.read_text()))


@pytest.fixture(scope="session")
def _template(stack: Stack, registry: Registry) -> str:
    name = "passage_template"
    template = _database(stack, name)
    provision_database.apply(_urls(template))
    provision_registry.load(template.owner, registry, datetime.now(UTC).date())
    return name


@pytest.fixture
def database(stack: Stack, _template: str) -> Iterator[Database]:
    """A migrated database with the shipped registry, for this test alone."""
    with _fresh_database(stack, _template) as fresh:
        yield fresh


@pytest.fixture(scope="module")
def module_database(stack: Stack, _template: str) -> Iterator[Database]:
    """The same for all tests of a module: what one of them writes, the next ones see."""
    with _fresh_database(stack, _template) as fresh:
        yield fresh


@pytest.fixture(scope="session")
def empty_database(stack: Stack, _template: str) -> Iterator[Database]:
    """A migrated database with the shipped registry and no event, not to be changed."""
    with _fresh_database(stack, _template) as fresh:
        yield fresh


@pytest.fixture(scope="session")
def history_database(stack: Stack, _template: str) -> Iterator[Database]:
    """Three years of ten sites up to now, to be asked and not to be changed."""
    with _fresh_database(stack, _template) as history:
        with psycopg.connect(history.owner, autocommit=True) as owner:
            fill(owner, sites=10, years=3, until=datetime.now(UTC).date())
        yield history


@contextmanager
def _fresh_database(stack: Stack, template: str) -> Iterator[Database]:
    name = f"passage_{uuid4().hex[:12]}"
    with psycopg.connect(stack.environ()["PASSAGE_DATABASE_ADMIN"], autocommit=True) as admin:
        _copy_database(admin, template, name)
    fresh = _database(stack, name)
    # Rights on the database itself are not part of the copy.
    provision_database.apply(_urls(fresh))
    yield fresh
    _drop_database(stack, name)


def _copy_database(admin: psycopg.Connection[Any], template: str, name: str) -> None:
    # TimescaleDB's own workers connect to every database; a template must have no visitors.
    identifier = sql.Identifier(template)
    admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(identifier))

    def copied() -> bool:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [template]
        )
        try:
            admin.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER passage_owner").format(
                    sql.Identifier(name), identifier
                )
            )
        except psycopg.errors.ObjectInUse:
            return False
        return True

    eventually(copied)


def _drop_database(stack: Stack, name: str) -> None:
    if not stack.postgres.is_running():
        stack.postgres.start()
    with psycopg.connect(stack.environ()["PASSAGE_DATABASE_ADMIN"], autocommit=True) as admin:
        admin.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


@pytest.fixture
def empty_database_urls(stack: Stack) -> Iterator[Database]:
    """URLs of a database and roles that do not exist yet."""
    suffix = uuid4().hex[:8]
    absent = _database(stack, f"passage_{suffix}", f"_{suffix}")
    yield absent
    _drop_database(stack, f"passage_{suffix}")


@pytest.fixture
def topics(stack: Stack) -> str:
    """The declared topics under a prefix of this test's own."""
    prefix = f"t{uuid4().hex[:8]}."
    provision_topics.apply(stack.environ()["PASSAGE_KAFKA"], prefix)
    return prefix


@pytest.fixture
def pipeline(stack: Stack, topics: str, database: Database, tmp_path: Path) -> Iterator[Pipeline]:
    """Topics and a database of this test's own; the workers that it starts end with it."""
    environ = {
        "PASSAGE_KAFKA": stack.environ()["PASSAGE_KAFKA"],
        "PASSAGE_DATABASE_WRITER": database.writer,
        "PASSAGE_TOPIC_PREFIX": topics,
        "PASSAGE_GROUP": f"{topics}passage-processor",
    }
    running = Pipeline(environ["PASSAGE_KAFKA"], topics, database, environ, tmp_path)
    yield running
    for worker in running.workers:
        worker.kill()
