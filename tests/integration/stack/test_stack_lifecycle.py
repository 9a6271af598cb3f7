"""A stack comes up, comes up again, survives SIGKILL, and leaves nothing behind."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Protocol

import psycopg
import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

from services.stack import Stack, StackError
from services.stack.report import ConsoleReport


class MakeStack(Protocol):
    def __call__(self, home: Path) -> Stack: ...


def processes_of(stack: Stack) -> list[str]:
    """The command lines on this machine that name the stack's folders."""
    folders = (str(stack.home).encode(), str(stack.postgres.data.parent).encode())
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if any(folder in command for folder in folders):
                found.append(command.replace(b"\0", b" ").decode())
    return found


def query(stack: Stack, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(stack.environ()["PASSAGE_DATABASE_ADMIN"]) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


def write_event(stack: Stack, topic: str, value: bytes) -> None:
    admin = KafkaAdminClient(bootstrap_servers=stack.kafka.bootstrap)
    admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    admin.close()
    producer = KafkaProducer(bootstrap_servers=stack.kafka.bootstrap, acks="all")
    producer.send(topic, value, partition=0).get(timeout=20)
    producer.close()


def read_event(stack: Stack, topic: str) -> bytes:
    consumer = KafkaConsumer(
        bootstrap_servers=stack.kafka.bootstrap,
        auto_offset_reset="earliest",
        consumer_timeout_ms=20_000,
    )
    consumer.assign([TopicPartition(topic, 0)])
    try:
        return bytes(next(consumer).value)
    finally:
        consumer.close()


def test_a_second_up_leaves_the_servers_as_they_are(
    running: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (running.kafka.pid, running.postgres.pid)
    again = Stack(running.home, running.kafka.port, running.postgres.port, cache=running.cache)
    again.up(ConsoleReport())
    assert (running.kafka.pid, running.postgres.pid) == before
    assert capsys.readouterr().out.count("already running") == 2


def test_addresses_and_passwords_are_written_down_for_the_owner_only(running: Stack) -> None:
    lines = running.env_file.read_text(encoding="utf-8").splitlines()
    assert dict(line.split("=", 1) for line in lines) == running.environ()
    assert stat.S_IMODE(running.env_file.stat().st_mode) == 0o600


def test_timescaledb_can_be_created(running: Stack) -> None:
    query(running, "create extension if not exists timescaledb")
    assert query(running, "show timescaledb.telemetry_level") == [("off",)]
    assert query(running, "show data_checksums") == [("on",)]
    assert query(running, "show fsync") == [("on",)]
    assert query(running, "show timezone") == [("UTC",)]


def test_a_wrong_password_is_refused(running: Stack) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(
            host="127.0.0.1",
            port=running.postgres.port,
            user="passage_admin",
            password="guessed",
            dbname="postgres",
        )


def test_the_broker_makes_no_topic_by_accident(running: Stack) -> None:
    admin = KafkaAdminClient(bootstrap_servers=running.kafka.bootstrap)
    try:
        assert "never-made" not in admin.list_topics()
    finally:
        admin.close()


def test_a_killed_broker_comes_back_with_its_events(running: Stack) -> None:
    write_event(running, "before-the-kill", b"counted")
    running.kafka.kill()
    assert not running.kafka.is_running()
    running.kafka.start()
    assert read_event(running, "before-the-kill") == b"counted"


def test_a_killed_database_comes_back_with_its_rows(running: Stack) -> None:
    query(running, "create table kept as select 42 as answer")
    with psycopg.connect(running.environ()["PASSAGE_DATABASE_ADMIN"]) as connection:
        connection.execute("select 1")
        running.postgres.kill()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")
    assert not running.postgres.is_running()
    running.postgres.start()
    assert query(running, "select answer from kept") == [(42,)]


def test_a_restart_keeps_events_rows_and_passwords(running: Stack) -> None:
    before = running.environ()
    write_event(running, "before-the-stop", b"counted")
    running.down()
    running.up()
    assert running.environ() == before
    assert read_event(running, "before-the-stop") == b"counted"
    assert query(running, "show server_encoding") == [("UTF8",)]


@pytest.mark.parametrize("server", ["kafka", "postgres"])
def test_a_port_of_somebody_else_is_named_with_its_setting(
    running: Stack, tmp_path: Path, server: str
) -> None:
    # Another stack on the ports of this one; it starts nothing.
    other = Stack(tmp_path / "home", running.kafka.port, running.postgres.port)
    port, setting = {
        "kafka": (running.kafka.port, "PASSAGE_KAFKA_PORT"),
        "postgres": (running.postgres.port, "PASSAGE_POSTGRES_PORT"),
    }[server]
    with pytest.raises(StackError, match=rf"{port}.*{setting}"):
        getattr(other, server).start()


def test_down_leaves_nothing_running(running: Stack) -> None:
    assert processes_of(running)
    running.down()
    assert processes_of(running) == []
    assert not running.kafka.is_running()
    assert not running.postgres.is_running()
    running.up()


def test_clean_stops_and_removes_only_what_the_stack_made(
    running: Stack, open_folder: Path
) -> None:
    (running.home / "letter").touch()
    running.clean()
    assert processes_of(running) == []
    assert list(running.home.iterdir()) == [running.home / "letter"]
    assert list(open_folder.iterdir()) == [running.home]


def test_a_home_that_others_cannot_enter_works(make_stack: MakeStack, tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    stack = make_stack(private / "home")
    stack.postgres.start()
    try:
        assert query(stack, "select 1") == [(1,)]
        data = stack.postgres.data
        if os.geteuid() == 0:
            assert not data.is_relative_to(private)
            assert stat.S_IMODE(data.parent.stat().st_mode) == 0o700
    finally:
        stack.clean()
    assert not data.parent.exists()
    assert list(private.iterdir()) == []


def test_a_failed_start_shows_the_end_of_the_log(make_stack: MakeStack, tmp_path: Path) -> None:
    stack = make_stack(tmp_path / "home")
    stack.postgres.start()
    stack.postgres.stop()
    (stack.postgres.data / "pg_hba.conf").write_text("nonsense\n")
    with pytest.raises(StackError, match=r"(?s)postgres\.log.*pg_hba\.conf"):
        stack.postgres.start()
