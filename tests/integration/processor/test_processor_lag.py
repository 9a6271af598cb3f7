"""How far the workers are behind, as the boards read it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg

from tests.conftest import free_ports
from tests.events import NOW, message, ticket
from tests.watched import numbers


def lag(pipeline: Any) -> dict[str, int | None]:
    with psycopg.connect(pipeline.database.reader) as reader:
        return dict(reader.execute("SELECT topic, messages FROM consumer_lag_by_topic").fetchall())


def ends(pipeline: Any) -> int:
    return int(
        pipeline.database.value(
            "SELECT coalesce(sum(end_offset), 0) FROM consumer_lag WHERE topic = 'visit-events'"
        )
    )


def test_the_lag_is_what_nobody_has_acknowledged(pipeline: Any, eventually: Any) -> None:
    pipeline.publish([message(ticket(number=f"A{number:03}")) for number in range(20)])
    (port,) = free_ports(1)
    pipeline.worker(PASSAGE_PROCESSOR_PORT=str(port))
    eventually(lambda: ends(pipeline) == 20)
    eventually(lambda: lag(pipeline) == {"visit-events": 0, "heartbeats": 0})
    told = {key[1:]: n for key, n in numbers(port).items() if key[0].endswith("lag_messages")}
    assert set(told.values()) == {0}
    assert ("0", "visit-events") in told

    # A worker that looks no more: what it saw last is no lag that anybody knows.
    with psycopg.connect(pipeline.database.owner) as owner:
        owner.execute(
            "INSERT INTO consumer_lag VALUES ('visit-events', 99, 0, 7, %s)",
            [NOW - timedelta(minutes=2)],
        )
    assert lag(pipeline)["visit-events"] is None
