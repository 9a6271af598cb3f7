"""After the cause is mended and a replay, the counts are as if nothing had ever been refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg

from schemas.registry import Registry
from services.core.footfall import MEASURES
from services.provision import registry as provision_registry
from services.simulator.simulation import generate
from tests.events import last_monday
from tests.pipeline import Pipeline, counted, messages_of, true

MISSING = "dmi"
# A row of zeros says the same as none: how a day fell into batches may leave some.
COUNTS = {
    "footfall": " OR ".join(f'"{measure}" <> 0' for measure in MEASURES),
    "footfall_wait": "n <> 0",
    "coverage": "minutes <> 0",
}
WRITTEN = (
    "visit_event, event_seen, dead_letter, visit, footfall, footfall_wait, coverage, device_boot"
)


def without(registry: Registry, directorate: str) -> Registry:
    """The registry before somebody thought of that directorate, its services and its queues."""
    services = tuple(s for s in registry.services if s.directorate != directorate)
    codes = {service.code for service in services}
    document = registry.model_dump() | {
        "directorates": tuple(d for d in registry.directorates if d.code != directorate),
        "services": services,
        "queues": tuple(q for q in registry.queues if q.service in codes),
    }
    return Registry.model_validate(document)


def counts(pipeline: Pipeline) -> dict[str, set[tuple[Any, ...]]]:
    return {
        table: set(pipeline.database.rows(f"SELECT * FROM {table} WHERE {is_something}"))
        for table, is_something in COUNTS.items()
    }


def test_a_replay_counts_what_the_registry_had_missed(
    pipeline: Pipeline, run: Any, registry: Registry, eventually: Any
) -> None:
    simulation = generate(registry, last_monday(), 1, seed=11, scale=0.1)
    today = datetime.now(UTC).date()
    provision_registry.load(pipeline.database.owner, without(registry, MISSING), today)
    worker = pipeline.worker()
    pipeline.publish(messages_of(simulation))
    eventually(pipeline.drained)
    refused = pipeline.database.value("SELECT count(*) FROM dead_letter")
    assert refused > 50
    assert pipeline.database.rows("SELECT DISTINCT reason FROM dead_letter") == [
        ("unknown_directorate",)
    ]
    assert counted(pipeline.database) != true(simulation)

    dry = run("replay", "--reason", "unknown_directorate", "--dry-run")
    assert f"{refused} would be replayed" in dry.output
    assert pipeline.drained()

    provision_registry.load(pipeline.database.owner, registry, today)
    done = run("replay", "--reason", "unknown_directorate")
    assert f"{refused} replayed: {refused} unknown_directorate" in done.output
    eventually(pipeline.drained)
    assert worker.is_running()
    assert counted(pipeline.database) == true(simulation)
    assert pipeline.database.rows(
        "SELECT count(*), count(*) FILTER (WHERE replayed_at > received_at) FROM dead_letter"
    ) == [(refused, refused)]
    mended = counts(pipeline)

    # Once more, on purpose: an event counts once.
    assert "0 replayed" in run("replay", "--reason", "unknown_directorate").output
    run("replay", "--reason", "unknown_directorate", "--again")
    eventually(pipeline.drained)
    assert counts(pipeline) == mended

    worker.stop()
    assert as_if_it_had_never_failed(pipeline, eventually) == mended


def as_if_it_had_never_failed(pipeline: Pipeline, eventually: Any) -> dict[str, Any]:
    """Counts of another group over the same topics, into empty tables, with every code known."""
    with psycopg.connect(pipeline.database.owner) as connection:
        connection.execute(f"TRUNCATE {WRITTEN}".encode())
    pipeline.worker(PASSAGE_GROUP=f"{pipeline.prefix}afresh")
    eventually(lambda: pipeline.lag("afresh") == 0)
    assert pipeline.database.value("SELECT count(*) FROM dead_letter") == 0
    return counts(pipeline)
