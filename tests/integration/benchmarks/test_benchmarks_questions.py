"""What a question costs does not grow with the years that it does not ask for."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

HOURS = "hour_start >= %(from_at)s AND hour_start < %(to_at)s"


@pytest.mark.parametrize(
    ("question", "chunks_of"),
    [
        (f"SELECT * FROM footfall_hourly WHERE {HOURS}", {"footfall"}),
        (
            f"SELECT * FROM wait_bins_hourly WHERE {HOURS} AND measure = 'wait'",
            {"footfall_wait"},
        ),
        (f"SELECT * FROM coverage_hourly WHERE {HOURS}", {"coverage"}),
        (f"SELECT * FROM hour_status WHERE {HOURS}", {"coverage"}),
        ("SELECT * FROM footfall_daily", set()),
        ("SELECT * FROM wait_bins_daily WHERE measure = 'wait'", set()),
        ("SELECT * FROM footfall_total_daily", set()),
    ],
)
def test_a_week_out_of_three_years_reads_only_its_own_chunks(
    history_database: Any, question: str, chunks_of: set[str]
) -> None:
    with psycopg.connect(history_database.owner) as owner:
        to_at = datetime.now(UTC) - timedelta(days=180)
        span = {"from_at": to_at - timedelta(days=7), "to_at": to_at}
        plan = owner.execute(f"EXPLAIN (ANALYZE, TIMING OFF) {question}", span).fetchall()
        hypertable_of = dict(
            owner.execute(
                "SELECT chunk_name::text, hypertable_name::text FROM timescaledb_information.chunks"
            ).fetchall()
        )
    chunks = {
        chunk
        for (line,) in plan
        if "never executed" not in line
        for chunk in re.findall(r" on (_hyper_\d+_\d+_chunk)", line)
    }
    # A week lies in two chunks at most. The first sign of life is looked up in the oldest one.
    assert len(chunks) <= 2 + ("coverage" in chunks_of)
    assert {hypertable_of[chunk] for chunk in chunks} == chunks_of
