"""What a supervisor reads on Flux du jour, against the rows that were put in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from statistics import median, quantiles
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from tests.events import last_monday
from tests.halls import (
    NOON_NOW,
    PARIS,
    board_day,
    came,
    closed,
    hall,
    heard,
    last_heard,
    paris,
    today,
    waiting,
)
from tests.halls import ask as ask_board


def ask(
    database: Any, name: str, span: tuple[datetime, datetime], site: str = "hall"
) -> list[tuple[Any, ...]]:
    return ask_board(database, "daily_flow", name, span, site=site)


def whole_mornings(database: Any, days: Iterable[date], passages: Iterable[int]) -> None:
    """Mornings that were heard throughout, with so many passages at nine."""
    for day, number in zip(days, passages, strict=True):
        heard(database, paris(day, 8), 4)
        came(database, paris(day, 9, 15), number)


def test_the_band_holds_the_open_days_that_are_known(database: Any) -> None:
    hall(database)
    monday = last_monday()
    weeks = [monday - timedelta(weeks=n) for n in range(1, 10)]
    numbers = [10, 20, 30, 40, 50, 60, 70]
    whole_mornings(database, weeks[2:], numbers)
    # A holiday on which somebody tried the kiosk, and a Monday on which nothing was heard.
    whole_mornings(database, weeks[:1], [999])
    closed(database, weeks[0])
    came(database, paris(weeks[1], 9), 1)
    # Other weekdays are no measure for a Monday; the Sunday before is the open day before.
    whole_mornings(database, [monday - timedelta(days=1)], [500])
    heard(database, paris(monday, 8), 2)
    came(database, paris(monday, 9), 33)
    came(database, paris(monday, 9, 30), 2, directorate="dmi")
    came(database, paris(monday, 9, 45), 90, directorate="cert")

    rows = {row[0]: row[1:] for row in ask(database, "passages_against_typical", board_day(monday))}
    deciles = quantiles(numbers, n=10, method="inclusive")
    assert list(rows) == [paris(monday, hour) for hour in (8, 9, 10, 11)]
    assert rows[paris(monday, 9)] == pytest.approx(
        (deciles[0], deciles[8], median(numbers), 500, 35)
    )
    assert rows[paris(monday, 8)] == (0, 0, 0, 0, 0)
    # Not heard: unknown.
    assert rows[paris(monday, 10)] == (0, 0, 0, 0, None)
    assert ask(database, "passages_so_far", board_day(monday)) == [(35, 40, 500, 7)]


def test_an_hour_that_nobody_vouches_for_is_not_compared_as_zero(database: Any) -> None:
    hall(database)
    monday = last_monday()
    weeks = [monday - timedelta(weeks=n) for n in range(1, 7)]
    whole_mornings(database, weeks[1:], [10] * 5)
    # Three hours of four were heard.
    heard(database, paris(weeks[0], 8), 1)
    heard(database, paris(weeks[0], 10), 2)
    rows = {
        row[0]: row[1:4] for row in ask(database, "passages_against_typical", board_day(monday))
    }
    assert rows[paris(monday, 9)] == (10, 10, 10)


def test_a_site_that_opened_last_month_has_no_band(database: Any) -> None:
    hall(database)
    monday = last_monday()
    whole_mornings(database, [monday - timedelta(weeks=n) for n in (1, 2, 3, 4)], [10] * 4)
    whole_mornings(database, [monday], [12])
    for _, *band, before, now in ask(database, "passages_against_typical", board_day(monday)):
        assert (band, before) == ([None, None, None], None)
        assert now in (0, 12)
    assert ask(database, "passages_so_far", board_day(monday)) == [(12, None, None, 4)]


def test_a_closed_day_is_compared_with_nothing(database: Any) -> None:
    hall(database)
    monday = last_monday()
    whole_mornings(database, [monday - timedelta(weeks=n) for n in range(1, 8)], [10] * 7)
    closed(database, monday)
    assert ask(database, "passages_against_typical", board_day(monday)) == []
    assert ask(database, "passages_so_far", board_day(monday)) == [(0, None, None, 0)]
    assert ask(database, "trust", board_day(monday)) == [(0,)]
    assert {state for _, state in ask(database, "hour_states", board_day(monday))} == {
        "closed",
        None,
    }


def test_nobody_came_is_zero_and_nobody_knows_is_a_gap(database: Any) -> None:
    hall(database)
    monday = last_monday()
    heard(database, paris(monday, 8), 2)
    came(database, paris(monday, 8), 3)
    came(database, paris(monday, 11), 4, directorate="dmi")
    assert ask(database, "passages_by_hour", board_day(monday)) == [
        (paris(monday, 8), "DCL", 3),
        (paris(monday, 8), "DMI", 0),
        (paris(monday, 9), "DCL", 0),
        (paris(monday, 9), "DMI", 0),
        (paris(monday, 10), "DCL", None),
        (paris(monday, 10), "DMI", None),
        (paris(monday, 11), "DCL", None),
        (paris(monday, 11), "DMI", 4),
    ]
    states = dict(ask(database, "hour_states", board_day(monday)))
    assert {hour.astimezone(PARIS).hour: state for hour, state in states.items() if state} == {
        **dict.fromkeys((*range(8), *range(12, 24)), "closed"),
        **dict.fromkeys((8, 9), "provisional"),
        **dict.fromkeys((10, 11), "unknown"),
    }
    assert ask(database, "coverage_so_far", board_day(monday)) == [(0.5,)]
    assert ask(database, "trust", board_day(monday)) == [(3,)]


def test_an_hour_is_final_when_every_device_has_reported_past_it(database: Any) -> None:
    hall(database)
    monday = last_monday()
    heard(database, paris(monday, 8), 4)
    assert ask(database, "trust", board_day(monday)) == [(2,)]
    last_heard(database, timedelta(0))
    states = {state for _, state in ask(database, "hour_states", board_day(monday))}
    assert states == {"closed", "final", None}
    assert ask(database, "trust", board_day(monday)) == [(1,)]


@pytest.mark.parametrize(
    ("sunday", "clock"),
    [
        (date(2025, 10, 26), (0, 1, 2, 2, 3, 4)),
        (date(2026, 3, 29), (0, 1, 3, 4)),
    ],
    ids=("25 hours", "23 hours"),
)
def test_on_the_days_of_the_clock_change_each_hour_meets_its_own(
    database: Any, sunday: date, clock: tuple[int, ...]
) -> None:
    hall(database, hours="00:00-05:00")
    for week in range(1, 6):
        day = sunday - timedelta(weeks=week)
        heard(database, paris(day, 0), 5)
        for hour in range(5):
            came(database, paris(day, hour, 30), 10 * hour)
    midnight = paris(sunday, 0)
    heard(database, midnight, len(clock))
    for number in range(len(clock)):
        came(database, midnight + timedelta(hours=number), 1 + number)

    bars = ask(database, "passages_by_hour", board_day(sunday))
    assert [(at, passages) for at, _, passages in bars] == [
        (midnight + timedelta(hours=number), 1 + number) for number in range(len(clock))
    ]
    band = ask(database, "passages_against_typical", board_day(sunday))
    assert [(row[0], row[3], row[5]) for row in band] == [
        (midnight + timedelta(hours=number), 10 * hour, 1 + number)
        for number, hour in enumerate(clock)
    ]
    assert len(ask(database, "hour_states", board_day(sunday))) == 24 + len(clock) - 5 + 1


def test_an_hour_that_a_day_had_twice_is_no_measure(database: Any) -> None:
    hall(database, hours="00:00-05:00")
    sunday = date(2025, 11, 30)
    for week in range(1, 7):
        day = sunday - timedelta(weeks=week)
        heard(database, paris(day, 0), 6)
        came(database, paris(day, 2), 1000 if day == date(2025, 10, 26) else 10)
    band = {
        row[0]: row[1:4] for row in ask(database, "passages_against_typical", board_day(sunday))
    }
    assert band[paris(sunday, 2)] == (10, 10, 10)


def test_so_far_is_compared_by_the_clock_of_the_site(database: Any) -> None:
    hall(database, zone=NOON_NOW, hours="00:00-24:00")
    local = datetime.now(ZoneInfo(NOON_NOW))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    for days in (0, 1, *range(7, 50, 7)):
        starts = midnight - timedelta(days=days)
        heard(database, starts, 12 if days == 0 else 24)
        came(database, starts + timedelta(hours=3), 40 + days)
        if days:
            came(database, starts + timedelta(hours=15), 1000)
    # 47, 54, 61, 68, 75, 82, 89 by now; what came in the afternoon is not compared.
    assert ask(database, "passages_so_far", today()) == [(40, 68, 41, 7)]


def test_the_hall_is_known_while_its_devices_are_heard(database: Any) -> None:
    hall(database, zone=NOON_NOW, hours="00:00-24:00")
    assert ask(database, "hall_now", today()) == [(None, None, None)]
    last_heard(database, timedelta(seconds=20))
    assert ask(database, "hall_now", today()) == [(0, 0, 0)]
    waiting(database, 5)
    waiting(database, 25)
    waiting(database, 12, "in_service")
    waiting(database, 12, "called")
    ((waits, called, longest_s),) = ask(database, "hall_now", today())
    assert (waits, called) == (2, 1)
    assert longest_s == pytest.approx(25 * 60, abs=30)
    assert ask(database, "last_hour_waits", today()) == [(720, 720, 2)]
    ((directorate, _, *queue),) = ask(database, "waiting_by_service", today())
    assert (directorate, queue[:2]) == ("DCL", [2, 1])

    yesterday = board_day(datetime.now(PARIS).date() - timedelta(days=1))
    assert ask(database, "hall_now", yesterday) == [(None, None, None)]
    assert ask(database, "waiting_by_service", yesterday) == []
    last_heard(database, timedelta(minutes=11))
    assert ask(database, "hall_now", today()) == [(None, None, None)]


def test_silent_devices_come_first_and_take_the_trust(database: Any) -> None:
    hall(database, zone=NOON_NOW, hours="00:00-24:00")
    with psycopg.connect(database.owner) as owner:
        owner.execute(
            "INSERT INTO device (code, site, kind) VALUES ('a-heard', 'hall', 'kiosk'),"
            " ('never', 'hall', 'reception')"
        )
    last_heard(database, timedelta(minutes=7), outbox_depth=4)
    with psycopg.connect(database.writer) as writer:
        writer.execute(
            "INSERT INTO device_boot SELECT 'a-heard', gen_random_uuid(), 'hall',"
            " '{[1,5),[7,9)}', NULL, NULL, now(), now(), 0"
        )
    rows = ask(database, "devices", today())
    assert [(row[1], row[0], row[5], row[6]) for row in rows] == [
        ("never", "never", None, None),
        ("hall", "silent", 4, 0),
        ("a-heard", "heard", 0, 2),
    ]
    assert ask(database, "trust", today()) == [(3,)]
