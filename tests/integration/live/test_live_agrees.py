"""The live picture is at most two seconds behind TimescaleDB, whatever happens to the workers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Thread
from typing import Any

import psycopg
import pytest

from schemas.registry import Registry
from services.simulator.simulation import generate
from tests.events import last_monday
from tests.integration.live.conftest import SITE, Live, Values, Views
from tests.pipeline import Pipeline, messages_of

BEHIND_S = 2.0
"""The promise."""
SAID_WITHIN_S = STAYS_S = BEHIND_S / 2
"""A state that came and went between two samples of the database is shown until the next round, and
is not late. Late is what stays for a second and was not said in the second before: together the
promise, since a picture that is longer behind shows each old value that long after its window."""
EXACT = 0.001
"""Counts are whole; of instants, what a view loses on the way through seconds as a number."""
FLOW_S = 10.0
PORTIONS = 24


def values_of(picture: dict[str, Any]) -> Values:
    """A live picture in the form of `Views.values`."""
    found: Values = {}
    for directorate in picture["directorates"]:
        found["passages", directorate["code"]] = directorate["passages"]
        for service in directorate["services"]:
            place = directorate["code"], service["code"]
            for what in ("waiting", "called", "persons"):
                found[what, *place] = service[what]
            if service["waiting_since"]:
                found["since", *place] = _seconds(service["waiting_since"])
    for device in picture["devices"]:
        if device["last_received_at"]:
            found["heard", device["device"]] = _seconds(device["last_received_at"])
    return {key: value for key, value in found.items() if value}


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


@dataclass
class Samples:
    """What was read, and between which two moments of one clock."""

    reads: list[tuple[float, float, Values]] = field(default_factory=list)

    def add(self, values: Any) -> Values:
        started = time.monotonic()
        found: Values = values()
        self.reads.append((started, time.monotonic(), found))
        return found

    def around(self, start: float, end: float) -> list[Values]:
        """What held at any moment of [start, end], as far as it was seen."""
        before = [values for _, e, values in self.reads if e <= start][-1:]
        within = [values for s, e, values in self.reads if e > start and s < end]
        after = [values for s, _, values in self.reads if s >= end][:1]
        return before + within + after


def outdated(read: tuple[float, float, Values], database: Samples) -> set[tuple[str, ...]]:
    """Pieces of a picture that the database did not say within the time before.

    What the database said between two samples lies between the two.
    """
    start, end, seen = read
    said = database.around(start - SAID_WITHIN_S, end)
    found = set()
    for key in seen.keys() | {key for values in said for key in values}:
        possible = [values.get(key, 0) for values in said]
        if not min(possible) - EXACT <= seen.get(key, 0) <= max(possible) + EXACT:
            found.add(key)
    return found


def late(pictures: Samples, database: Samples) -> dict[tuple[str, ...], float]:
    """Pieces that were outdated for too long at a stretch, and for how many seconds."""
    since: dict[tuple[str, ...], float] = {}
    found: dict[tuple[str, ...], float] = {}
    for read in pictures.reads:
        start, end, _ = read
        pieces = outdated(read, database)
        since = {key: since.get(key, start) for key in pieces}
        for key in pieces:
            if end - since[key] > STAYS_S:
                found[key] = end - since[key]
    return found


def watch(url: str, into: Samples, until: list[bool]) -> Thread:
    """Reads the views over and over, in a thread of its own."""

    def read() -> None:
        views = Views(url)
        while not until:
            into.add(views.values)
            time.sleep(0.02)
        views.close()

    thread = Thread(target=read)
    thread.start()
    return thread


@pytest.fixture(scope="module")
def morning(registry: Registry) -> list[tuple[str, bytes, bytes]]:
    """A site's morning as (topic, key, value), moved to end just now, with people waiting."""
    noon = f"{last_monday()}T11:00"
    messages = []
    for topic, key, value in messages_of(generate(registry, last_monday(), 1, seed=31, scale=0.5)):
        event = json.loads(value)
        if event["site"] == SITE and event["occurred_at"] < noon:
            messages.append((topic, key, event))
    by = datetime.now(UTC) - max(_at(event) for _, _, event in messages)
    return [
        (topic, key, json.dumps(event | {"occurred_at": (_at(event) + by).isoformat()}).encode())
        for topic, key, event in messages
    ]


def _at(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["occurred_at"])


def portions(messages: list[Any], count: int) -> Iterator[list[Any]]:
    size = -(-len(messages) // count)
    for start in range(0, len(messages), size):
        yield messages[start : start + size]


def test_the_picture_is_never_more_than_two_seconds_behind(
    pipeline: Pipeline, live: Any, views: Views, morning: list[Any], eventually: Any
) -> None:
    pipeline.worker()
    victim = pipeline.worker()
    display: Live = live()
    eventually(lambda: display.status(f"/sites/{SITE}") == 200)

    database, pictures, done = Samples(), Samples(), []
    watching = watch(pipeline.database.reader, database, done)
    try:
        for number, portion in enumerate(portions(morning, PORTIONS)):
            pipeline.publish(portion)
            if number == PORTIONS // 4:
                victim.kill()
            if number in (PORTIONS // 2, PORTIONS * 3 // 4):
                cut_publication(pipeline)
            look(display, pictures, FLOW_S / PORTIONS)
        eventually(lambda: look(display, pictures, 0.5) and pipeline.drained())
        # The end, for as long as it may take to be shown.
        look(display, pictures, BEHIND_S)
    finally:
        done.append(True)
        watching.join()

    assert len(pictures.reads) > 40
    assert len({str(values) for _, _, values in database.reads}) > 20, "the hall was quiet"
    assert late(pictures, database) == {}

    at_last = views.values()
    assert any(kind == "waiting" for kind, *_ in at_last)
    assert at_last == pytest.approx(database.reads[-1][2], abs=EXACT)
    assert values_of(display.picture()) == pytest.approx(at_last, abs=EXACT)

    # Another one draws the same from the topic alone.
    assert values_of(live().picture()) == pytest.approx(at_last, abs=EXACT)


def look(display: Live, pictures: Samples, for_s: float) -> bool:
    """Read the display's picture over and over for some time."""
    until = time.monotonic() + for_s
    while time.monotonic() < until:
        pictures.add(lambda: values_of(display.picture()))
        time.sleep(0.05)
    return True


def cut_publication(pipeline: Pipeline) -> None:
    with psycopg.connect(pipeline.database.admin, autocommit=True) as admin:
        ended = admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'passage-publication' AND datname = %s",
            [pipeline.database.owner.rpartition("/")[2]],
        ).fetchall()
    assert ended
