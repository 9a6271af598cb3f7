"""Where broker and settings do not fit, one sentence says so, with its remedy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from services.edge.delivery import Verdict, judge, problem_of
from services.edge.producer import producer_factory
from services.edge.settings import EdgeSettings
from services.provision import topics
from services.provision.errors import ProvisionError
from services.runtime.handshake import CannotLogIn, start
from services.runtime.kafka import Brokers
from services.stack.stack import Stack
from tests.integration.security.certificates import Authority
from tests.integration.security.closed_broker import ClosedBroker

KIOSK = EdgeSettings(device="creteil-kiosk-1", site="creteil")

Change = Callable[[ClosedBroker, Stack, Path], dict[str, Any]]


def _a_wrong_password(closed: ClosedBroker, stack: Stack, folder: Path) -> dict[str, Any]:
    (folder / "password").write_text("guessed")
    return {"password_file": folder / "password"}


def _another_authority(closed: ClosedBroker, stack: Stack, folder: Path) -> dict[str, Any]:
    return {"ca_file": Authority(folder, "another").file}


def _no_encryption(closed: ClosedBroker, stack: Stack, folder: Path) -> dict[str, Any]:
    return {"security": "PLAINTEXT", "ca_file": None}


WRONG: list[tuple[str, Change, str]] = [
    ("password", _a_wrong_password, "refuses the login of kiosk; correct PASSAGE_KAFKA_USERNAME"),
    ("user", lambda c, s, f: {"username": "stranger"}, "refuses the login of stranger; correct"),
    ("mechanism", lambda c, s, f: {"mechanism": "PLAIN"}, "has no PLAIN; correct PASSAGE_KAFKA_M"),
    ("authority", _another_authority, "not trusted here; set PASSAGE_KAFKA_CA_FILE"),
    ("no authority", lambda c, s, f: {"ca_file": None}, "not trusted here; set PASSAGE_KAFKA_CA"),
    ("expired", lambda c, s, f: {"addresses": c.address("expired")}, "has expired; renew it"),
    (
        "another name",
        lambda c, s, f: {"addresses": c.address("misnamed")},
        "for another name than 127.0.0.1; name the broker in PASSAGE_KAFKA as its certificate",
    ),
    ("no encryption", _no_encryption, "speaks TLS, and PASSAGE_KAFKA_SECURITY=PLAINTEXT does not"),
    (
        "encryption on an open port",
        lambda c, s, f: {"addresses": s.kafka.bootstrap},
        "does not speak TLS, and PASSAGE_KAFKA_SECURITY=SASL_SSL wants it",
    ),
    ("no login", lambda c, s, f: {"security": "SSL"}, "wants a login, and PASSAGE_KAFKA_SECURITY"),
    (
        "no certificate",
        lambda c, s, f: {"security": "SSL", "addresses": c.address("mutual")},
        "wants a certificate of this program that it trusts; correct PASSAGE_KAFKA_CERTIFICATE",
    ),
]


@pytest.fixture(params=WRONG, ids=[name for name, _, _ in WRONG])
def wrong(
    request: pytest.FixtureRequest, closed: ClosedBroker, stack: Stack, tmp_path: Path
) -> tuple[Brokers, str]:
    """A kiosk's login with one thing wrong, and what is said of it."""
    _, change, sentence = request.param
    return closed.login("kiosk", **change(closed, stack, tmp_path)), sentence


def test_a_command_tells_what_does_not_fit(wrong: tuple[Brokers, str]) -> None:
    brokers, sentence = wrong
    with pytest.raises(ProvisionError) as caught:
        topics.apply(brokers, dry_run=True)
    assert sentence in str(caught.value)


def test_a_kiosk_tells_what_does_not_fit(wrong: tuple[Brokers, str]) -> None:
    brokers, sentence = wrong
    with pytest.raises(CannotLogIn) as caught:
        producer_factory(KIOSK, brokers)()
    assert judge(caught.value) is Verdict.MISCONFIGURED
    assert sentence in problem_of(caught.value, brokers.addresses)


def test_a_worker_tells_what_does_not_fit(wrong: tuple[Brokers, str]) -> None:
    brokers, sentence = wrong

    async def connect() -> None:
        producer = AIOKafkaProducer(**brokers.arguments())
        try:
            await start(producer, brokers)
        finally:
            await producer.stop()

    with pytest.raises(CannotLogIn) as caught:
        asyncio.run(connect())
    assert sentence in str(caught.value)


def test_a_kiosk_may_show_a_certificate_instead_of_a_password(
    closed: ClosedBroker, authority: Authority
) -> None:
    certificate, key = authority.issue("kiosk-2", file="kiosk-2")
    brokers = Brokers(
        closed.address("mutual"),
        security="SSL",
        ca_file=authority.file,
        certificate_file=certificate,
        key_file=key,
    )
    producer = producer_factory(KIOSK, brokers)()
    try:
        producer.send("heartbeats", b"{}", b"kiosk-2").get(timeout=20)
    finally:
        producer.close(1)
