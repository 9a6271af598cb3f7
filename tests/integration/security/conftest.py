"""A broker and a database that both want TLS and a login, started once for all these tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas.registry import Registry
from services.provision import database as provision_database
from services.provision import registry as provision_registry
from services.stack.stack import Stack
from tests.conftest import PROJECT
from tests.integration.security import closed_broker, closed_database
from tests.integration.security.certificates import Authority
from tests.integration.security.closed_broker import ClosedBroker
from tests.integration.security.closed_database import ClosedDatabase


@pytest.fixture(scope="session")
def security_home() -> Iterator[Path]:
    """A folder for servers, certificates and passwords, removed at the end."""
    home = PROJECT / ".data" / f"test-{os.getpid()}-security"
    home.mkdir(parents=True)
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def authority(security_home: Path) -> Authority:
    """Who signed the servers' certificates."""
    return Authority(security_home, "authority")


@pytest.fixture(scope="session")
def closed(stack: Stack, security_home: Path, authority: Authority) -> Iterator[ClosedBroker]:
    """A broker that requires TLS and SCRAM, with the shipped users, rights and topics."""
    yield from closed_broker.running(security_home, stack.cache, authority)


@pytest.fixture(scope="session")
def closed_postgres(
    stack: Stack, security_home: Path, authority: Authority
) -> Iterator[ClosedDatabase]:
    """A server that requires TLS; it has no database of ours yet."""
    yield from closed_database.running(security_home, authority)


@pytest.fixture(scope="session")
def closed_db(closed_postgres: ClosedDatabase, registry: Registry) -> ClosedDatabase:
    """The same with roles, tables and the shipped registry, made over TLS."""
    provision_database.apply(closed_postgres.urls)
    provision_registry.load(closed_postgres.url("owner"), registry, datetime.now(UTC).date())
    return closed_postgres
