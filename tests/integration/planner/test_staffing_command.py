"""`passage staffing` on counted Mondays and Tuesdays, as the reader role."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from click.testing import CliRunner, Result

from services.__main__ import main
from services.core.waits import bin_of
from tests.events import last_monday

PARIS = ZoneInfo("Europe/Paris")
SERVICE_MS = 9 * 60_000
# Local quarter of an hour: queue entries. Twenty stand at the door, or draw a ticket at once.
QUARTERS = {"08:45": 12, "09:00": 13} | {
    f"{hour:02}:{minute:02}": 5 for hour in (9, 10, 11) for minute in (15, 30, 45)
}
A_DAY = sum(QUARTERS.values())

_FOOTFALL = """
INSERT INTO footfall (bucket_start, site, directorate, service, channel, passages, queue_entries,
    no_show, waits, wait_ms, services, service_ms)
VALUES (%s, %s, 'dmi', %s, 'kiosk', %s, %s, %s, %s, %s, %s, %s)
"""
_BINS = """
INSERT INTO footfall_wait (bucket_start, site, directorate, service, channel, measure, bin, n)
VALUES (%s, %s, 'dmi', %s, 'kiosk', 'service', %s, %s)
"""


def record(owner: psycopg.Connection[Any], day: date, site: str, service: str) -> None:
    """A morning in which one of each quarter's visitors was gone when called."""
    for at, n in QUARTERS.items():
        start = datetime.fromisoformat(f"{day}T{at}").replace(tzinfo=PARIS)
        came, served = n, n - 1
        owner.execute(
            _FOOTFALL,
            (
                *(start, site, service, came, came, 1, came, came * 600_000),
                *(served, served * SERVICE_MS),
            ),
        )
        for minutes, share in ((5, served // 2), (13, served - served // 2)):
            if share:
                bin_number = bin_of(minutes * 60_000)
                owner.execute(_BINS, (start, site, service, bin_number, share))


@pytest.fixture
def monday(database: Any) -> date:
    """The last of three recorded Mondays on which, and on whose morrow, the sites are open."""
    with psycopg.connect(database.owner) as owner:
        closed = {row[0] for row in owner.execute("SELECT day FROM closed_day")}
        mondays = [last_monday() - timedelta(days=7 * n) for n in range(12)]
        kept = [day for day in mondays if not {day, day + timedelta(days=1)} & closed][:3]
        for day in kept:
            record(owner, day, "sp-lhay", "sejour")
            record(owner, day, "sp-lhay", "remise-titres")
            record(owner, day, "sp-nogent", "sejour")
            record(owner, day + timedelta(days=1), "sp-lhay", "sejour")
        return kept[0]


@pytest.fixture
def ask(database: Any) -> Callable[..., Result]:
    def ask(*arguments: str, site: str = "sp-lhay") -> Result:
        return CliRunner().invoke(
            main,
            ["staffing", "--site", site, *arguments],
            env={"PASSAGE_DATABASE_READER": database.reader},
        )

    return ask


def rows(answered: Result) -> list[dict[str, Any]]:
    assert answered.exit_code == 0, answered.output
    return [json.loads(line) for line in answered.stdout.splitlines()]


def test_a_planner_sees_desks_by_half_hour_and_what_if(
    ask: Callable[..., Result], monday: date
) -> None:
    asked = ("--directorate", "dmi", "--format", "json")
    answered = ask(*asked)
    found = rows(answered)
    # Monday is the busiest; the lunch break is in no row, and the quiet afternoon is.
    assert {row["weekday"] for row in found} == {"mon"}
    assert [row["from"] for row in found][:2] == ["09:00", "09:30"]
    assert next(row["from"] for row in found if row["from"] > "11:30") == "13:30"
    assert sum(row["arrivals_mean"] for row in found) == pytest.approx(2 * A_DAY)
    assert found[0]["at_door_mean"] == pytest.approx(2 * (12 + 13 - 5))
    assert all(row["share_within_target"] >= 0.8 for row in found)
    # Erlang C takes the crowd for a rush that lasts.
    assert found[0]["desks_erlang_c"] > found[0]["desks_plan"] >= 1
    assert found[0]["desks_erlang_a"] <= found[0]["desks_erlang_c"]
    assert "Rests on 3 days, " in answered.stderr
    assert f" to {monday}. A visitor takes 10.0 min of a desk, by 531 services" in answered.stderr
    assert "estimated from 66 who were gone when called" in answered.stderr
    assert "1.0 min of it are between two visitors" in answered.stderr

    table = ask("--directorate", "dmi").stdout
    assert "09:00–09:30" in table
    assert "…" not in table
    assert "One desk less:" in table

    listed = list(csv.DictReader(io.StringIO(ask("--format", "csv").stdout)))
    assert [row["desks_plan"] for row in listed] == [str(row["desks_plan"]) for row in found]

    few = rows(ask(*asked, "--desks", "3"))
    assert {row["desks"] for row in few} == {3}
    assert few[0]["share_within_target"] < found[0]["share_within_target"]
    assert few[0]["longest_wait_s"] > found[0]["longest_wait_s"]

    more = rows(ask(*asked, "--demand", "+20%"))
    assert sum(row["arrivals_mean"] for row in more) == pytest.approx(2 * A_DAY * 1.2, abs=0.1)
    assert sum(row["desks_plan"] for row in more) > sum(row["desks_plan"] for row in found)


def test_a_closed_day_and_a_moved_bureau_bring_their_visitors_along(
    ask: Callable[..., Result], monday: date
) -> None:
    after = rows(ask("--close", f"{monday}", "--format", "json"))
    assert {row["weekday"] for row in after} == {"tue"}
    assert sum(row["arrivals_mean"] for row in after) == pytest.approx(3 * A_DAY)

    moved = rows(ask("--weekday", "mon", "--move", "remise-titres:sp-nogent", "--format", "json"))
    by_place = {
        title: sum(row["arrivals_mean"] for row in moved if row["place"] == title)
        for title in {row["place"] for row in moved}
    }
    assert by_place == {
        "sp-lhay, Monday, without remise-titres": pytest.approx(A_DAY),
        "sp-nogent, Monday, with remise-titres of sp-lhay": pytest.approx(2 * A_DAY),
    }


REFUSED = [
    (("--site", "sp-lay"), "unknown site 'sp-lay'; did you mean 'sp-lhay'?"),
    (("--directorate", "dm"), "did you mean 'dmi'?"),
    (("--service", "sejours"), "did you mean 'sejour'?"),
    (("--from", "2200-01-01", "--to", "2200-02-01"), "is the last day that can be used"),
    (("--from", "2026-02-02", "--to", "2026-02-01"), "swap the two"),
    (("--from", "2016-01-01", "--to", "2016-12-31"), "nothing is recorded of sp-lhay"),
    (("--weekday", "sun"), "no open day of that weekday is known"),
    (("--desks", "4,5"), "2 numbers of desks for 11 half hours"),
    (("--close", "2026-12-25"), "closed on 2026-12-25 anyway"),
    (("--move", "permis:sp-nogent"), "service 'permis' received nobody at sp-lhay"),
    (("--move", "sejour:creteil-pan"), "creteil-pan was not open, or not seen"),
]


def test_a_question_without_an_answer_says_what_to_ask(
    ask: Callable[..., Result], monday: date
) -> None:
    # One database for all of them: each takes half a second to make.
    for arguments, said in REFUSED:
        answered = ask(*arguments)
        assert said in " ".join(answered.stderr.split()), arguments
        assert (answered.exit_code, answered.stdout) == (2, ""), arguments
