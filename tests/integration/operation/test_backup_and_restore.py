"""docs/backup.md, step by step: dump, restore into an empty database, replay from Kafka."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec

from schemas.registry import Registry
from services.provision import database as provision_database
from services.runtime.database import DatabaseUrl
from services.simulator.simulation import generate
from services.stack.installations import installations
from tests.conftest import PROJECT
from tests.events import last_monday
from tests.pipeline import Pipeline, audit_findings, counted, messages_of, true

RESTORE = PROJECT / "deploy" / "timescaledb" / "restore.sh"


@dataclass(frozen=True)
class Server:
    """PostgreSQL's own programs, logged in as the administrator by libpq's variables."""

    environ: dict[str, str]

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(part) for part in command],
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def dump(self, database: str, file: Path) -> None:
        done = self.run("pg_dump", "--format=custom", f"--file={file}", database)
        assert done.returncode == 0, done.stderr


@pytest.fixture
def server(database: Any) -> Server:
    admin = DatabaseUrl.parse(database.admin)
    programs = next(one.programs for one in installations() if one.has_timescaledb)
    return Server(
        {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PGHOST": admin.host,
            "PGPORT": str(admin.port),
            "PGUSER": admin.user,
            "PGPASSWORD": admin.password or "",
        }
    )


@pytest.fixture
def restored(database: Any) -> Iterator[Any]:
    """URLs of a database that is not there yet, for the same roles."""
    name = f"passage_restored_{uuid4().hex[:8]}"
    urls = {
        role: getattr(database, role).rpartition("/")[0] + f"/{name}"
        for role in ("owner", "writer", "reader")
    }
    yield replace(database, **urls)
    with psycopg.connect(database.admin, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _name(database: Any) -> str:
    return DatabaseUrl.parse(database.owner).database


def read_again_from_the_start(pipeline: Pipeline) -> None:
    """As `kafka-consumer-groups.sh --reset-offsets --to-earliest` does; nobody may be in it."""
    admin = KafkaAdminClient(bootstrap_servers=pipeline.kafka)
    try:
        names = {f"{pipeline.prefix}visit-events", f"{pipeline.prefix}heartbeats"}
        partitions = [
            TopicPartition(topic["name"], partition["partition_index"])
            for topic in admin.describe_topics()
            if topic["name"] in names
            for partition in topic["partitions"]
        ]
        outcome = admin.reset_group_offsets(
            pipeline.environ["PASSAGE_GROUP"], dict.fromkeys(partitions, OffsetSpec.EARLIEST)
        )
        assert all(one["error"].errno == 0 for one in outcome.values()), outcome
    finally:
        admin.close()


def test_a_restored_dump_and_the_topics_give_the_true_counts(
    pipeline: Pipeline,
    registry: Registry,
    server: Server,
    restored: Any,
    tmp_path: Path,
    eventually: Any,
) -> None:
    simulation = generate(registry, last_monday(), 1, seed=10, scale=0.05)
    # All visits; of the heartbeats, which count nobody, a few.
    messages = [
        m for n, m in enumerate(messages_of(simulation)) if m[0] != "heartbeats" or n % 20 == 0
    ]
    database, dump = pipeline.database, tmp_path / "passage.dump"
    half = len(messages) // 2

    worker = pipeline.worker()
    pipeline.publish(messages[:half])
    eventually(lambda: database.value("SELECT count(*) FROM visit_event") > 0)
    # While the worker writes: what it has committed by now is in the dump, and nothing else.
    server.dump(_name(database), dump)
    pipeline.publish(messages[half:])
    eventually(pipeline.drained)
    worker.stop()

    name = _name(restored)
    done = server.run(RESTORE, dump, name)
    assert done.returncode == 0, done.stderr
    assert counted(restored) != true(simulation), "the dump has it all; there is nothing to replay"
    provision_database.apply(
        provision_database.DatabaseUrls(
            restored.owner, restored.writer, restored.reader, restored.admin
        )
    )
    read_again_from_the_start(pipeline)
    pipeline.worker(PASSAGE_DATABASE_WRITER=restored.writer)
    eventually(pipeline.drained)

    assert counted(restored) == true(simulation) == counted(database)
    assert audit_findings(restored) == []
    assert restored.value("SELECT count(*) FROM dead_letter") == 0
    assert restored.rows("SELECT event_id FROM visit_event ORDER BY 1") == database.rows(
        "SELECT event_id FROM visit_event ORDER BY 1"
    )


def test_a_database_that_holds_anything_is_never_restored_over(
    database: Any, server: Server, tmp_path: Path
) -> None:
    name, dump = _name(database), tmp_path / "passage.dump"
    server.dump(name, dump)
    before = database.value("SELECT count(*) FROM site")
    done = server.run(RESTORE, dump, name)
    assert done.returncode == 1
    assert "rename it" in done.stderr
    assert database.value("SELECT count(*) FROM site") == before


@pytest.mark.parametrize(
    ("kept", "words"), [(0.5, "could not read"), (0.97, "is not whole; drop it")]
)
def test_a_dump_that_is_cut_off_is_not_taken_for_whole(
    database: Any, server: Server, restored: Any, tmp_path: Path, kept: float, words: str
) -> None:
    dump = tmp_path / "passage.dump"
    server.dump(_name(database), dump)
    dump.write_bytes(dump.read_bytes()[: int(dump.stat().st_size * kept)])
    done = server.run(RESTORE, dump, _name(restored))
    assert done.returncode != 0
    assert words in done.stderr


def test_a_dump_of_another_timescaledb_is_refused(
    database: Any, server: Server, restored: Any, tmp_path: Path
) -> None:
    dump = tmp_path / "passage.dump"
    with psycopg.connect(database.admin.rpartition("/")[0] + f"/{_name(database)}") as admin:
        # As an older server's dump has it.
        admin.execute(
            "UPDATE _timescaledb_catalog.metadata SET value = '2.0.0'"
            " WHERE key = 'timescaledb_version'"
        )
    server.dump(_name(database), dump)
    done = server.run(RESTORE, dump, _name(restored))
    assert done.returncode != 0
    assert "2.0.0" in done.stderr
