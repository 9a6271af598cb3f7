"""The whole way from a kiosk to the live picture through TLS, each part as its own user."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from kafka import KafkaProducer

from services.edge.outbox import Outbox
from tests.integration.live.conftest import Live
from tests.integration.security.certificates import Authority
from tests.integration.security.closed_broker import ADMIN, ClosedBroker
from tests.integration.security.closed_database import ClosedDatabase
from tests.pipeline import Worker

SITE = "creteil-accueil"
TICKET = ("ticket", "--queue", "acc-titres", "--directorate", "dcl", "--service", "titres")


@pytest.fixture
def kiosk(closed: ClosedBroker, tmp_path: Path) -> dict[str, str]:
    """A kiosk's environment; its password is in a file of its own."""
    file = tmp_path / "password"
    file.write_text(closed.passwords["kiosk"] + "\n")
    return closed.environ(
        "kiosk",
        PASSAGE_KAFKA_PASSWORD_FILE=str(file),
        PASSAGE_DEVICE="acc-borne-1",
        PASSAGE_SITE=SITE,
        PASSAGE_OUTBOX=str(tmp_path / "outbox.db"),
        PASSAGE_OUTBOX_MIN_FREE_MB="0",
    )


@pytest.fixture
def worker(closed: ClosedBroker, closed_db: ClosedDatabase, tmp_path: Path) -> dict[str, str]:
    """A worker's environment; the database's URL is in a file."""
    file = tmp_path / "writer-url"
    file.write_text(closed_db.url("writer") + "\n")
    return closed.environ("processor", PASSAGE_DATABASE_WRITER_FILE=str(file))


def passage(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command, run to its end with this environment and nothing else of ours."""
    return subprocess.run(
        [sys.executable, "-m", "services", *arguments],
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def value(database: ClosedDatabase, query: str) -> Any:
    with psycopg.connect(database.url("owner")) as owner:
        row = owner.execute(query).fetchone()  # type: ignore[call-overload]
        return row[0]


def passages(database: ClosedDatabase) -> int:
    return int(value(database, "SELECT coalesce(sum(passages), 0) FROM footfall"))


def shown(live: Live) -> int:
    """Passages of today in the live picture."""
    return sum(int(one["passages"]) for one in live.picture(SITE)["directorates"])


def letters(database: ClosedDatabase) -> int:
    return int(value(database, "SELECT count(*) FROM dead_letter"))


def test_a_ticket_is_counted_shown_and_replayed_over_tls(
    closed: ClosedBroker,
    closed_db: ClosedDatabase,
    kiosk: dict[str, str],
    worker: dict[str, str],
    eventually: Any,
    tmp_path: Path,
) -> None:
    before = passages(closed_db)
    for number in ("A001", "A002"):
        assert passage(kiosk, "edge", *TICKET, "--number", number).returncode == 0
    done = passage(kiosk, "edge", "deliver", "--timeout", "60")
    assert done.stdout.startswith("2 delivered, 0 wait"), done.stderr

    running = Worker(worker, tmp_path / "worker.log").start()
    live = Live(closed.environ("live"), tmp_path / "live.log")
    try:
        eventually(lambda: passages(closed_db) == before + 2, deadline_s=90)
        live.start()
        eventually(lambda: shown(live) >= 2, deadline_s=60)

        # What is refused goes to the dead letters, and back by a person's command.
        with closing(KafkaProducer(**closed.login(ADMIN).arguments())) as producer:
            producer.send("visit-events", b'{"type": "unknown"}', b"k").get(timeout=20)
        eventually(lambda: letters(closed_db) >= 1, deadline_s=60)
        refused = letters(closed_db)
        person = closed.environ(
            "dead-letters", PASSAGE_DATABASE_WRITER_FILE=worker["PASSAGE_DATABASE_WRITER_FILE"]
        )
        replayed = passage(person, "dead-letters", "replay", "--reason", "unknown_type")
        assert replayed.returncode == 0, replayed.stderr
        eventually(lambda: letters(closed_db) > refused, deadline_s=60)
        assert running.is_running()
    finally:
        running.kill()
        if live.process is not None:
            live.end(signal.SIGKILL)


def test_topics_and_database_are_made_by_commands_over_tls(
    closed: ClosedBroker, closed_db: ClosedDatabase
) -> None:
    urls = {
        f"PASSAGE_DATABASE_{role.upper()}": closed_db.url(role)
        for role in ("admin", "owner", "writer", "reader")
    }
    done = passage(closed.environ("provision", **urls), "provision", "all", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "database: nothing to change" in done.stdout
    assert "topics: nothing to change" in done.stdout
    asked = passage({"PASSAGE_DATABASE_READER": urls["PASSAGE_DATABASE_READER"]}, "history")
    assert asked.returncode == 0, asked.stderr


def test_a_kiosk_with_a_wrong_password_keeps_its_tickets_until_it_is_right(
    closed: ClosedBroker, kiosk: dict[str, str]
) -> None:
    file = Path(kiosk["PASSAGE_KAFKA_PASSWORD_FILE"])
    file.write_text("guessed")
    assert passage(kiosk, "edge", *TICKET, "--number", "A003").returncode == 0
    refused = passage(kiosk, "edge", "deliver", "--timeout", "2")
    assert refused.returncode == 1
    assert "1 events wait still" in refused.stderr
    assert "refuses the login of kiosk; correct PASSAGE_KAFKA_USERNAME" in refused.stderr
    with closing(Outbox(Path(kiosk["PASSAGE_OUTBOX"]), min_free_bytes=0)) as outbox:
        assert outbox.depth() == 1

    file.write_text(closed.passwords["kiosk"])
    assert passage(kiosk, "edge", "deliver", "--timeout", "60").stdout.startswith("1 delivered")


def test_a_worker_waits_for_a_broker_it_does_not_trust_and_says_why(
    worker: dict[str, str], eventually: Any, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "stranger").file
    running = Worker({**worker, "PASSAGE_KAFKA_CA_FILE": str(stranger)}, tmp_path / "log").start()
    try:
        said = eventually(lambda: running.said("cannot connect to the broker"), deadline_s=60)
        assert "set PASSAGE_KAFKA_CA_FILE to that authority's certificate" in str(said[0])
        assert running.is_running()
    finally:
        running.kill()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"PASSAGE_KAFKA_CA_FILE": "/absent"}, "PASSAGE_KAFKA_CA_FILE cannot be read"),
        ({"PASSAGE_DATABASE_WRITER_FILE": "/absent"}, "PASSAGE_DATABASE_WRITER_FILE cannot be"),
    ],
)
def test_a_worker_does_not_start_without_its_files(
    worker: dict[str, str], changes: dict[str, str], sentence: str
) -> None:
    ended = passage({**worker, **changes}, "processor")
    assert ended.returncode == 2
    assert sentence in ended.stderr


def test_an_event_over_plaintext_never_reaches_the_broker(
    closed: ClosedBroker, kiosk: dict[str, str]
) -> None:
    open_line = {**kiosk, "PASSAGE_KAFKA_SECURITY": "PLAINTEXT", "PASSAGE_KAFKA_CA_FILE": ""}
    assert passage(open_line, "edge", *TICKET, "--number", "A004").returncode == 0
    refused = passage(open_line, "edge", "deliver", "--timeout", "2")
    assert "speaks TLS, and PASSAGE_KAFKA_SECURITY=PLAINTEXT does not" in refused.stderr
    assert "1 events wait still" in refused.stderr
