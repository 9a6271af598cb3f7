"""A gateway on the real broker and the planner's web server, to be asked anything."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.gateway.tokens import TokenFile
from services.planner.web.keys import KeyFile
from services.provision import topics as provision_topics
from services.stack.stack import Stack
from tests.integration.fuzz.served import Served, served

SITE, SOURCES = "creteil-accueil", ("acc-borne-1", "acc-guichets")
HOOK_SECRET = b"shared with the vendor"
PROJECT = Path(__file__).parents[3]
QMINDER = PROJECT / "deploy" / "adapters" / "qminder"


@dataclass(frozen=True)
class Effort:
    """How much is asked: PASSAGE_FUZZ=full takes its time, the default some seconds."""

    examples: int
    """Of each operation, or of each kind of mess."""
    coverage: bool
    """Whether every boundary of every field is tried, which are thousands."""
    requests: int
    """How many until memory is looked at again."""


SHORT = Effort(examples=25, coverage=False, requests=1_000)
FULL = Effort(examples=300, coverage=True, requests=20_000)


@pytest.fixture(scope="session")
def effort() -> Effort:
    return FULL if os.environ.get("PASSAGE_FUZZ") == "full" else SHORT


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(scope="session")
def gateway(stack: Stack, folder: Path) -> Iterator[Served]:
    """A gateway with a token and a vendor's hook; nobody sends it too much."""
    prefix = f"f{uuid4().hex[:8]}."
    provision_topics.apply(stack.kafka.bootstrap, prefix)
    hooks = folder / "hooks"
    hooks.mkdir()
    (hooks / "qminder.yaml").write_bytes((QMINDER / "mapping.yaml").read_bytes())
    secret = hooks / "qminder.secret"
    secret.write_bytes(HOOK_SECRET + b"\n")
    secret.chmod(0o600)
    token = TokenFile(folder / "tokens.json").create("fuzz", SITE, SOURCES, None, datetime.now(UTC))
    with served(
        "services.gateway",
        "serve",
        token,
        folder / "gateway.log",
        PASSAGE_KAFKA=stack.kafka.bootstrap,
        PASSAGE_TOPIC_PREFIX=prefix,
        PASSAGE_GATEWAY_PORT="{port}",
        PASSAGE_GATEWAY_TOKENS=f"{folder / 'tokens.json'}",
        PASSAGE_GATEWAY_OUTBOX=f"{folder / 'outbox.db'}",
        PASSAGE_GATEWAY_OUTBOX_MIN_FREE_MB="0",
        PASSAGE_GATEWAY_HOOKS=f"{hooks}",
        PASSAGE_GATEWAY_REQUESTS_PER_MINUTE="1000000",
        PASSAGE_GATEWAY_BODY_S="2",
    ) as running:
        yield running


@pytest.fixture(scope="session")
def web(empty_database: Any, folder: Path) -> Iterator[Served]:
    """The planner's web server over the shipped registry, with a key."""
    key = KeyFile(folder / "keys.json").create("fuzz", None, date(2026, 11, 25))
    with served(
        "services",
        "web",
        key,
        folder / "web.log",
        PASSAGE_DATABASE_READER=empty_database.reader,
        PASSAGE_WEB_PORT="{port}",
        PASSAGE_API_KEYS=f"{folder / 'keys.json'}",
        PASSAGE_REQUESTS_PER_MINUTE="100000",
    ) as running:
        yield running


@pytest.fixture(scope="session")
def unharmed(eventually: Any) -> Callable[[Served], bool]:
    """Whether a server becomes ready again, if it was not all the time."""
    return lambda running: eventually(lambda: running.status("GET", "/ready") == 200)
