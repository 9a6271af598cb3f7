"""`passage typical-week` and `passage forecast`, as the reader role on three years of ten sites."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from click.testing import CliRunner

from services.__main__ import main
from services.planner.period import Period
from services.planner.slots.reading import Place, read_calendar, read_observations

TODAY = datetime.now(UTC).astimezone(ZoneInfo("Europe/Paris")).date()
SITE = "sp-lhay"


@pytest.fixture
def ask(history_database: Any) -> Any:
    """Run a command; returns its exit code, output and errors."""

    def ask(*arguments: str) -> tuple[int, str, str]:
        reader = {"PASSAGE_DATABASE_READER": history_database.reader}
        done = CliRunner().invoke(main, arguments, env=reader)
        return done.exit_code, done.stdout, done.stderr

    return ask


def records(printed: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.splitlines()]


def test_the_next_weeks_are_forecast_on_open_hours_beside_seasonal_naive(ask: Any) -> None:
    code, printed, aside = ask(
        "forecast", "--site", SITE, "--weeks", "2", "--by", "hour", "--format", "json"
    )
    assert code == 0, aside
    rows = records(printed)
    days = sorted({row["local_date"] for row in rows})
    assert TODAY.isoformat() < days[0]
    assert days[-1] <= (TODAY + timedelta(days=14)).isoformat()
    assert {date.fromisoformat(day).isoweekday() for day in days} <= {1, 2, 3, 4, 5}
    # The shipped hours of this site: a lunch break, and no Wednesday afternoon.
    assert {row["local_time"] for row in rows} <= {f"{h:02}:00" for h in (9, 10, 11, 13, 14, 15)}
    for row in rows:
        assert row["low_95"] <= row["low_80"] <= row["forecast"] <= row["high_80"] <= row["high_95"]
        assert row["seasonal_naive"] >= 0
    assert "Back-test: 52 forecasts of the past" in aside
    for column in ("MASE", "WAPE", "in 80%", "in 95%"):
        assert column in aside
    assert "seasonal naive: over 52 forecasts of the past" in aside


def test_a_directorate_is_forecast_by_day_without_the_table(ask: Any) -> None:
    asked = ("forecast", "--site", SITE, "--directorate", "dmi", "--weeks", "1", "--no-backtest")
    code, printed, aside = ask(*asked)
    assert code == 0, aside
    assert f"Passages expected at {SITE}, DMI" in printed
    assert "Seasonal naive" in printed
    assert "MASE" not in printed.split("This forecast")[0]
    assert "seasonal naive: over 12 forecasts of the past" in printed.replace("\n", " ")


def test_the_typical_week_is_that_of_the_counted_quarters(ask: Any, history_database: Any) -> None:
    first, last = TODAY - timedelta(days=90), TODAY - timedelta(days=1)
    asked = ("--from", f"{first}", "--to", f"{last}", "--by", "15min", "--format", "csv")
    code, printed, aside = ask("typical-week", "--site", SITE, *asked)
    assert code == 0, aside
    rows = {
        (int(row["iso_weekday"]), row["local_time"]): row
        for row in csv.DictReader(io.StringIO(printed))
    }
    assert (1, "09:00") in rows
    assert (3, "14:00") not in rows
    assert (1, "12:15") not in rows
    with psycopg.connect(history_database.reader) as reader:
        place = Place(SITE)
        calendar = read_calendar(reader, place)
        period = Period(first, last, "Europe/Paris")
        observed = read_observations(reader, place, calendar, period, 15).slots
    # Recomputed from the buckets, of the quarters that are not beside a closed one.
    counted = dict(
        history_database.rows(
            "SELECT bucket_start, sum(passages)::int FROM footfall"
            " WHERE site = %(site)s GROUP BY bucket_start",
            site=SITE,
        )
    )
    mondays = [o for o in observed if o.slot.day.isoweekday() == 1 and o.slot.label == "10:15"]
    known = sorted(counted.get(o.slot.start, 0) for o in mondays if o.passages is not None)
    row = rows[1, "10:15"]
    assert (int(row["n"]), int(row["unknown"])) == (len(known), len(mondays) - len(known))
    middle = len(known) // 2
    median = known[middle] if len(known) % 2 else (known[middle - 1] + known[middle]) / 2
    assert float(row["median"]) == median


def test_the_typical_week_shows_closed_slots_and_the_year_before(ask: Any) -> None:
    code, printed, aside = ask("typical-week", "--site", SITE, "--year-on-year")
    assert code == 0, aside
    afternoon = next(line for line in printed.splitlines() if line.strip().startswith("14:00"))
    assert "·" in afternoon
    assert "0 (" not in afternoon.replace("10 (", "").replace("20 (", "")
    assert "Year on year: " in printed
    assert "passages per open day" in printed


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("forecast", "--site", "sp-lhai"), "did you mean 'sp-lhay'?"),
        (("forecast", "--site", SITE, "--directorate", "dmx"), "unknown directorate 'dmx'"),
        (("forecast", "--site", SITE, "--weeks", "9"), "1<=x<=8"),
        (("forecast", "--site", SITE, "--from", "2124-01-01"), "is in the future"),
        (
            ("forecast", "--site", SITE, "--from", f"{TODAY - timedelta(weeks=150)}"),
            "a forecast of 4 weeks needs 23 weeks of history",
        ),
        (("forecast", "--site", SITE, "--from", "2001-01-01"), "nothing is recorded of sp-lhay"),
        (("typical-week", "--site", SITE, "--from", "2124-01-01"), "is not over"),
        (("typical-week", "--site", SITE, "--day", "2001-01-07"), "is closed on 2001-01-07"),
        (
            ("typical-week", "--site", SITE, "--from", "2020-03-02", "--to", "2020-02-01"),
            "swap the two",
        ),
        (
            ("typical-week", "--site", SITE, "--from", "2001-01-01", "--to", "2001-02-01"),
            "nothing is recorded of sp-lhay in 2001-01-01 to 2001-02-01",
        ),
    ],
)
def test_a_wrong_question_is_refused_with_what_to_do(
    ask: Any, arguments: tuple[str, ...], says: str
) -> None:
    code, printed, aside = ask(*arguments)
    assert (code, printed) == (2, "")
    assert says in " ".join(aside.split())
