"""`passage doctor` on a real Kafka and a real database: sound, broken, and hardly let in."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from click.testing import CliRunner
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from services.doctor.__main__ import doctor
from services.provision import topics as provision_topics
from tests.conftest import REGISTRY_FILE
from tests.grafana_stand_in import GrafanaStandIn
from tests.grafana_stand_in_server import Server

Ask = Callable[..., tuple[int, list[dict[str, str]]]]


@pytest.fixture(scope="module")
def prefix(stack: Any) -> str:
    prefix = f"t{uuid4().hex[:8]}."
    provision_topics.apply(stack.environ()["PASSAGE_KAFKA"], prefix)
    return prefix


@pytest.fixture(scope="module")
def environ(stack: Any, module_database: Any, prefix: str) -> dict[str, str]:
    return {
        "PASSAGE_KAFKA": stack.environ()["PASSAGE_KAFKA"],
        "PASSAGE_TOPIC_PREFIX": prefix,
        "PASSAGE_DATABASE_ADMIN": module_database.admin,
        "PASSAGE_DATABASE_OWNER": module_database.owner,
        "PASSAGE_DATABASE_WRITER": module_database.writer,
        "PASSAGE_DATABASE_READER": module_database.reader,
        "GRAFANA_URL": "",
    }


@pytest.fixture(scope="module")
def ask(environ: dict[str, str]) -> Ask:
    def ask(*arguments: str, **changes: str) -> tuple[int, list[dict[str, str]]]:
        command = ["--format", "json", *arguments]
        # Patient: what is tested here is the answer, and eight others share this machine.
        result = CliRunner().invoke(doctor, [*command, "--patience", "30"], env=environ | changes)
        assert result.exit_code in (0, 1), result.output
        return result.exit_code, json.loads(result.stdout)

    return ask


def test_a_fresh_deployment_has_no_problem(ask: Ask) -> None:
    code, found = ask("--registry", str(REGISTRY_FILE))
    assert [one for one in found if one["state"] == "problem"] == []
    assert code == 0
    assert {one["check"] for one in found if one["state"] == "skipped"} == {"grafana"}


def test_the_reader_alone_is_told_what_a_reader_may_know(ask: Ask) -> None:
    nobody = {f"PASSAGE_DATABASE_{role}": "" for role in ("ADMIN", "OWNER", "WRITER")}
    code, found = ask(**nobody)
    skipped = {one["check"] for one in found if one["state"] == "skipped"}
    assert skipped == {"migrations", "views", "roles", "rights", "registry", "grafana"}
    assert [one["state"] for one in found if one["check"] == "rights"] == ["skipped", "ok"]
    assert code == 0


def test_it_cannot_write_even_where_the_owner_may(
    ask: Ask, module_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "services.provision.migrations.migrate",
        lambda session, *_, **__: session.execute("CREATE TABLE traces_of_the_doctor ()"),
    )
    code, (found,) = ask("--check", "migrations")
    assert code == 1
    assert "read-only transaction" in found["sentence"]
    assert module_database.value("SELECT to_regclass('traces_of_the_doctor')") is None


@pytest.mark.parametrize("away", ["PASSAGE_KAFKA", "PASSAGE_DATABASE_READER"])
def test_a_server_that_is_away_is_one_problem_and_the_rest_goes_on(ask: Ask, away: str) -> None:
    nowhere = "127.0.0.1:1" if away == "PASSAGE_KAFKA" else "postgresql://r:secret@127.0.0.1:1/p"
    code, found = ask(**{away: nowhere}, PASSAGE_DATABASE_WRITER="", PASSAGE_DATABASE_OWNER="")
    (problem,) = [one for one in found if one["state"] == "problem"]
    assert problem["check"] == ("kafka" if away == "PASSAGE_KAFKA" else "database")
    assert "127.0.0.1:1" in problem["sentence"]
    assert problem["remedy"]
    assert "secret" not in str(found)
    assert code == 1


@pytest.mark.parametrize(("version", "state"), [("12.0.2", "ok"), ("9.3.0", "problem")])
def test_grafana_is_asked_where_the_environment_names_one(
    ask: Ask, version: str, state: str
) -> None:
    server = Server(GrafanaStandIn(version=version))
    try:
        _, (found,) = ask("--check", "grafana", GRAFANA_URL=server.url)
    finally:
        server.stop()
    assert (found["state"], version.rpartition(".")[0] in found["sentence"]) == (state, True)


@pytest.fixture(scope="module")
def broken(stack: Any, module_database: Any, prefix: str, ask: Ask) -> dict[str, dict[str, str]]:
    """Problems by check, after much was done to the deployment that nobody should do."""
    with psycopg.connect(module_database.owner) as owner:
        owner.execute("UPDATE migration SET checksum = 'edited' WHERE number = 2")
        owner.execute("DROP VIEW published_figures")
        owner.execute("GRANT DELETE ON visit TO passage_reader")
        owner.execute('UPDATE registry_revision SET document = document || \'{"code": "other"}\'')
        owner.execute(
            'INSERT INTO dead_letter (topic, partition, "offset", received_at, reason, bytes,'
            " sha256, replayable)"
            " VALUES ('visit-events', 0, 0, now(), 'unknown_site', 1, 'x', true)"
        )
        owner.execute(
            "INSERT INTO consumer_lag VALUES ('visit-events', 0, 5, 9, now() - interval '1 hour')"
        )
    admin = KafkaAdminClient(bootstrap_servers=stack.environ()["PASSAGE_KAFKA"])
    try:
        topic = ConfigResource(
            ConfigResourceType.TOPIC, f"{prefix}visit-events", {"retention.ms": "3600000"}
        )
        admin.alter_configs([topic])
    finally:
        admin.close()
    code, found = ask("--registry", str(REGISTRY_FILE))
    assert code == 1
    return {one["check"]: one for one in found if one["state"] in ("problem", "warning")}


@pytest.mark.parametrize(
    ("check", "state", "sentence", "remedy"),
    [
        ("migrations", "problem", "0002_visit_event.sql changed", "restore it"),
        ("views", "problem", "published_figures is missing", "passage provision database"),
        ("rights", "problem", "reader may DELETE on table visit", "passage provision database"),
        ("registry", "warning", "the file says other things", "passage provision registry"),
        ("topics", "problem", "retention.ms from 3600000 to", "passage provision topics"),
        ("dead-letters", "warning", "unknown_site: 1 refused", "passage dead-letters replay"),
        ("lag", "problem", "no worker looked at it for 60 min", "passage processor"),
    ],
)
def test_what_was_broken_is_named_with_its_remedy(
    broken: dict[str, dict[str, str]], check: str, state: str, sentence: str, remedy: str
) -> None:
    found = broken[check]
    assert found["state"] == state
    assert sentence in found["sentence"]
    assert remedy in found["remedy"]
