"""The servers' settings keep their promises: loopback only, durable, no topic by accident."""

from __future__ import annotations

import pytest

from services.stack.errors import StackError
from services.stack.jars import kafka_version
from services.stack.templates import render, template_path


def settings(text: str) -> dict[str, str]:
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    pairs = (line.split("=", 1) for line in lines)
    return {key.strip(): value.strip() for key, value in pairs}


@pytest.fixture
def broker() -> dict[str, str]:
    return settings(
        render("server.properties", port=19092, controller_port=19093, data="/home/kafka/data")
    )


@pytest.fixture
def database() -> dict[str, str]:
    return settings(render("postgresql.conf", port=15432))


def test_the_broker_listens_on_the_loopback_only(broker: dict[str, str]) -> None:
    assert broker["listeners"] == "CLIENT://127.0.0.1:19092,CONTROLLER://127.0.0.1:19093"
    assert broker["advertised.listeners"] == "CLIENT://127.0.0.1:19092"
    assert broker["controller.quorum.voters"] == "1@127.0.0.1:19093"


def test_the_brokers_data_is_where_it_is_told(broker: dict[str, str]) -> None:
    assert broker["log.dirs"] == "/home/kafka/data"


def test_the_broker_makes_no_topic_by_itself(broker: dict[str, str]) -> None:
    assert broker["auto.create.topics.enable"] == "false"


def test_the_broker_stamps_events_with_its_own_time(broker: dict[str, str]) -> None:
    assert broker["log.message.timestamp.type"] == "LogAppendTime"


def test_a_consumer_may_have_a_session_timeout_of_six_seconds(broker: dict[str, str]) -> None:
    assert int(broker["group.min.session.timeout.ms"]) <= 6000


def test_one_node_asks_for_one_copy(broker: dict[str, str]) -> None:
    copies = {key: value for key, value in broker.items() if "replication.factor" in key}
    assert len(copies) == 4
    assert set(copies.values()) == {"1"}


def test_the_database_listens_on_the_loopback_only(database: dict[str, str]) -> None:
    assert database["listen_addresses"] == "'127.0.0.1'"
    assert database["unix_socket_directories"] == "''"
    assert database["port"] == "15432"


def test_the_database_has_timescaledb_that_calls_nobody(database: dict[str, str]) -> None:
    assert database["shared_preload_libraries"] == "'timescaledb'"
    assert database["timescaledb.telemetry_level"] == "off"


def test_the_database_counts_in_utc(database: dict[str, str]) -> None:
    assert database["timezone"] == "'UTC'"


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes"])
def test_the_database_is_durable(database: dict[str, str], setting: str) -> None:
    assert setting not in database  # on, unless somebody switches it off


def test_a_forgotten_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        render("postgresql.conf")


def test_a_missing_template_is_named() -> None:
    with pytest.raises(StackError, match=r"nothing\.conf"):
        template_path("nothing.conf")


def test_kafkas_version_is_in_the_pom() -> None:
    pom = template_path("pom.xml").read_text(encoding="utf-8")
    assert kafka_version(pom).split(".")[0] == "4"


def test_a_pom_without_a_version_is_refused() -> None:
    with pytest.raises(StackError, match=r"kafka\.version"):
        kafka_version('<project xmlns="http://maven.apache.org/POM/4.0.0"/>')
