"""What planners ask, as they ask it: the commands on a counted day, as the reader role."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from typing import Any

import psycopg
import pytest

from schemas.registry import Registry
from services.simulator.simulation import Simulation, generate
from tests.events import last_monday
from tests.pipeline import messages_of


@pytest.fixture(scope="module")
def simulation(registry: Registry) -> Simulation:
    return generate(registry, last_monday(), 1, seed=3, scale=0.05)


@pytest.fixture
def ask(pipeline: Any, simulation: Simulation, eventually: Any) -> Any:
    """A question about the counted day; returns what the command printed."""
    pipeline.worker()
    pipeline.publish(messages_of(simulation))
    eventually(pipeline.drained)

    def ask(*arguments: str) -> str:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "services", arguments[0]),
                *("--from", f"{simulation.truth.first_day}", *arguments[1:]),
            ],
            env={**os.environ, "PASSAGE_DATABASE_READER": pipeline.database.reader},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return ask


def rows(printed: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.splitlines()]


def test_a_planner_gets_the_true_figures_and_what_is_known_of_them(
    ask: Any, pipeline: Any, simulation: Simulation
) -> None:
    true = simulation.truth.totals

    found = rows(ask("history", "--format", "json"))
    assert sum(row["passages"] for row in found) == true["passages"]
    assert {row["known"] for row in found} == {"yes"}
    # The evening's last hour becomes final with the next morning's first heartbeat.
    assert next(row["status"] for row in found if row["coverage"] is not None) == "final"

    published = rows(ask("history", "--publish", "--format", "json"))
    assert all(row["passages"] in (None, 0) or row["passages"] >= 5 for row in published)
    assert "suppressed" in {row["known"] for row in published}

    sent_on = Counter(
        (one.directorate, one.service, other.directorate, other.service)
        for visit in simulation.visits
        if visit.mode == "live"
        for one, other in pairwise(visit.stays)
    )
    assert sent_on
    by_day = rows(ask("history", "--transfers", "--by", "day", "--format", "json"))
    ends = ("from_directorate", "from_service", "to_directorate", "to_service")
    assert {tuple(row[end] for end in ends): row["transfers"] for row in by_day} == sent_on
    by_hour = list(csv.DictReader(ask("history", "--transfers", "--format", "csv").splitlines()))
    assert sum(int(row["transfers"]) for row in by_hour) == sent_on.total()
    some = next(iter(sent_on))
    only = rows(
        ask("history", "--transfers", "--by", "day", "--service", some[1], "--format", "json")
    )
    assert sum(row["transfers"] for row in only) == sum(
        n for pair, n in sent_on.items() if some[1] in (pair[1], pair[3])
    )
    table = ask("history", "--transfers").splitlines()
    total = next(line for line in table if "Total" in line)
    assert total.split()[-2] == f"{sent_on.total()}"

    waits = ask("waits")
    assert "≤ 20 min: CAF open-data indicator" in waits
    assert f" {waited(pipeline)['dmi']} " in waits


def test_an_hour_in_which_no_device_was_heard_is_unknown_and_not_zero(
    ask: Any, pipeline: Any
) -> None:
    with psycopg.connect(pipeline.database.owner) as owner:
        owner.execute("DELETE FROM coverage WHERE site = 'sp-lhay'")
        # One quarter of an hour is left: all other open hours have no passage.
        owner.execute(
            "DELETE FROM footfall WHERE site = 'sp-lhay' AND bucket_start <> ("
            " SELECT min(bucket_start) FROM footfall WHERE site = 'sp-lhay' AND passages > 0)"
        )
    found = rows(ask("history", "--site", "sp-lhay", "--format", "json"))
    unknown = [row for row in found if row["known"] == "no"]
    assert unknown
    assert {(row["passages"], row["coverage"]) for row in unknown} == {(None, 0.0)}
    assert "?" in ask("history", "--site", "sp-lhay")


def waited(pipeline: Any) -> dict[str, int]:
    return dict(
        pipeline.database.rows("SELECT directorate, sum(waits)::int FROM footfall GROUP BY 1")
    )
