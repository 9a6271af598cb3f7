"""The database server: whether it lets each role in, what it is, and what its clock says."""

from __future__ import annotations

import time
from typing import get_args

from kafka import TopicPartition, errors
from kafka.admin import OffsetSpec

from schemas.queries import load_queries
from schemas.topics import SOURCES
from services.doctor.checks.broker import BrokerAway, admin
from services.doctor.deployment import READING, Deployment, Role
from services.doctor.findings import CannotTell, Finding, ok, problem, skipped
from services.doctor.rules.clocks import (
    judge_broker_clock,
    judge_database_clock,
    judge_recording,
)
from services.doctor.rules.programs import judge_postgresql, judge_timescaledb
from services.provision.database import OLDEST_POSTGRESQL
from services.runtime.database import DatabaseUnavailable


def database(deployment: Deployment) -> list[Finding]:
    """A session of each role that has a URL."""
    found: list[Finding] = []
    for role in get_args(Role):
        address = deployment.address(role)
        if address is None:
            continue
        try:
            with deployment.session(role):
                found.append(ok(f"{role}: {address}"))
        except DatabaseUnavailable as error:
            sentence, _, remedy = str(error).partition("; ")
            found.append(problem(f"{role}: {sentence}", remedy))
    if not found:
        raise CannotTell("needs PASSAGE_DATABASE_OWNER, _WRITER or _READER")
    return found


def versions(deployment: Deployment) -> list[Finding]:
    """PostgreSQL, and the extension beside its library."""
    with deployment.session(*READING) as session:
        (row,) = session.execute(load_queries("services.doctor")["server"]).fetchall()
    major, extension, library = row
    return [judge_postgresql(major, OLDEST_POSTGRESQL), judge_timescaledb(extension, library)]


def clock(deployment: Deployment) -> list[Finding]:
    """This machine beside the database and, as far as it can be known, the broker."""
    found: list[Finding] = []
    for look in (_database_clock, _broker_clock):
        try:
            found += look(deployment)
        except CannotTell as error:
            found.append(skipped(str(error)))
        except BrokerAway:
            found.append(skipped("Kafka does not answer"))
        except DatabaseUnavailable:
            found.append(skipped("the database does not let this role in"))
    return found


def _database_clock(deployment: Deployment) -> list[Finding]:
    queries = load_queries("services.doctor")
    with deployment.session(*READING) as session:
        asked, started = deployment.now(), time.monotonic()
        ((answered,),) = session.execute(queries["clock"]).fetchall()
        took_s = time.monotonic() - started
        ((least_s,),) = session.execute(queries["least_recording"]).fetchall()
    # It read its clock about half way through.
    ahead_s = (answered - asked).total_seconds() - took_s / 2
    return [judge_database_clock(ahead_s, took_s / 2), *judge_recording(least_s)]


def _broker_clock(deployment: Deployment) -> list[Finding]:
    with admin(deployment) as client:
        names = {deployment.settings.topic_prefix + topic.name for topic in SOURCES}
        partitions = [
            TopicPartition(topic["name"], partition["partition_index"])
            for topic in client.describe_topics()
            if topic["name"] in names
            for partition in topic["partitions"]
        ]
        try:
            newest = client.list_partition_offsets(
                dict.fromkeys(partitions, OffsetSpec.MAX_TIMESTAMP)
            )
        except errors.UnsupportedVersionError:
            raise CannotTell("a broker older than 3.0 does not tell its newest message") from None
    times = [at.timestamp for at in newest.values() if at.timestamp >= 0]
    now_ms = deployment.now().timestamp() * 1000
    return [judge_broker_clock((max(times) - now_ms) / 1000 if times else None)]
