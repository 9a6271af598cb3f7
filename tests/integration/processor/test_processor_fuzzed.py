"""A worker under thousands of messages that nobody meant goes on counting, within its memory."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.damaged import messages
from tests.events import message, ticket

MOST_RESIDENT_KB = 300_000


def test_a_worker_outlives_whatever_is_thrown_at_it(pipeline: Any, eventually: Any) -> None:
    good = [ticket(number=f"A{n:03}", seq=n + 1) for n in range(20)]
    thrown = [message(value) for value in messages(94, 1_500)]
    thrown += [message(value, "heartbeats") for value in messages(95, 500)]
    pipeline.publish([*thrown, *(message(one) for one in good)])
    worker = pipeline.worker()
    eventually(pipeline.drained)

    assert worker.is_running()
    assert not worker.said("event cannot be processed")
    ids = [one["event_id"] for one in good]
    assert pipeline.database.value(
        "SELECT count(*) FROM visit_event WHERE event_id = ANY(%(ids)s::uuid[])", ids=ids
    ) == len(ids)
    assert pipeline.database.value("SELECT count(*) FROM dead_letter") > 500
    assert _resident_kb(worker.process.pid) < MOST_RESIDENT_KB


def _resident_kb(pid: int) -> int:
    """The most memory that the process ever had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])  # type: ignore[index]
