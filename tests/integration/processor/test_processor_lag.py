"""How far the workers are behind, as the boards read it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import psycopg

from tests.events import NOW, message, ticket


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
    pipeline.worker()
    eventually(lambda: ends(pipeline) == 20)
    eventually(lambda: lag(pipeline) == {"visit-events": 0, "heartbeats": 0})

    # A worker that looks no more: what it saw last is no lag that anybody knows.
    with psycopg.connect(pipeline.database.owner) as owner:
        owner.execute(
            "INSERT INTO consumer_lag VALUES ('visit-events', 99, 0, 7, %s)",
            [NOW - timedelta(minutes=2)],
        )
    assert lag(pipeline)["visit-events"] is None
