"""What the prefecture reads of all its sites, against the rows that were put in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from benchmarks.panels import directorates
from dashboards.boards.prefecture import prefecture
from dashboards.style import Style
from tests.events import last_monday
from tests.halls import (
    NOON_NOW,
    ask,
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

COLUMNS = (
    "site_name",
    "state",
    "passages",
    "typical",
    "difference",
    "waiting",
    "longest_wait_s",
    "p90_wait_s",
    "coverage",
    "silent_devices",
    "site",
)
MUTE_AND_QUIET = ("mute", "quiet")


def sites(database: Any, span: tuple[datetime, datetime], *codes: str) -> dict[str, dict[str, Any]]:
    rows = [
        dict(zip(COLUMNS, row, strict=True))
        for row in ask(database, "prefecture", "sites", span, site=codes)
    ]
    return {row["site"]: row for row in rows}


def test_each_site_is_read_by_its_own_clock(database: Any) -> None:
    far = "Pacific/Marquesas"
    hall(database, "noon", NOON_NOW, "00:00-24:00")
    hall(database, "far", far, "00:00-24:00")
    for site, zone in (("noon", NOON_NOW), ("far", far)):
        now = datetime.now(ZoneInfo(zone))
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        so_far = (now - midnight) / timedelta(hours=1)
        for days in (0, *range(7, 43, 7)):
            starts = (midnight - timedelta(days=days)).astimezone(ZoneInfo("UTC"))
            heard(database, starts, so_far if days == 0 else 24, site)
            came(database, starts - timedelta(minutes=15), 1000, site=site)
            came(database, starts, 4 if days == 0 else 10, site=site)
        last_heard(database, timedelta(0), site)
    waiting(database, 30, site="noon")

    found = sites(database, today(), "noon", "far")
    noon = found["noon"]
    assert (noon["state"], noon["passages"], noon["typical"]) == ("open", 4, 10)
    assert noon["difference"] == pytest.approx(-0.6)
    assert (noon["waiting"], noon["silent_devices"]) == (1, 0)
    assert noon["longest_wait_s"] == pytest.approx(1800, abs=30)
    assert noon["coverage"] == pytest.approx(1, abs=0.05)
    assert found["far"]["passages"] == 4
    assert found["far"]["waiting"] == 0


def test_a_site_of_which_nothing_is_known_reads_unknown_and_not_zero(database: Any) -> None:
    hall(database, "mute", NOON_NOW, "00:00-24:00")
    hall(database, "quiet", NOON_NOW, "00:00-24:00")
    midnight = datetime.now(ZoneInfo(NOON_NOW)).replace(hour=0, minute=0, second=0, microsecond=0)
    heard(database, midnight.astimezone(ZoneInfo("UTC")), 12, "quiet")
    last_heard(database, timedelta(0), "quiet")
    found = sites(database, today(), *MUTE_AND_QUIET)
    assert [found["mute"][name] for name in ("passages", "typical", "waiting", "coverage")] == [
        None,
        None,
        None,
        0,
    ]
    assert found["mute"]["silent_devices"] == 1
    assert [found["quiet"][name] for name in ("passages", "waiting")] == [0, 0]
    rows = ask(database, "prefecture", "waiting_by_site", today(), site=MUTE_AND_QUIET)
    assert rows == [("Quiet", 0, 0)]


def test_a_past_day_is_shown_whole_and_compared_whole(database: Any) -> None:
    hall(database)
    hall(database, "annex")
    monday = last_monday()
    for site, day, passages in (
        ("hall", monday, 30),
        ("hall", monday - timedelta(days=1), 20),
        ("hall", monday - timedelta(days=7), 25),
        ("annex", monday, 5),
        ("annex", monday - timedelta(days=2), 6),
        ("annex", monday - timedelta(days=7), 7),
    ):
        heard(database, paris(day, 8), 4, site)
        came(database, paris(day, 11, 45), passages, site=site)
    closed(database, monday - timedelta(days=1), "annex")
    closed(database, monday - timedelta(days=7), "annex")

    chosen = ("hall", "annex")
    assert ask(database, "prefecture", "comparison", board_day(monday), site=chosen) == [
        ("Annex", 5, 6, None),
        ("Hall", 30, 20, 25),
    ]
    found = sites(database, board_day(monday), *chosen)["hall"]
    assert (found["state"], found["passages"], found["waiting"]) == ("over", 30, None)
    lines = ask(database, "prefecture", "passages_by_hour", board_day(monday), site="hall")
    assert lines == [
        (paris(monday, hour), "Hall", 30 if hour == 11 else 0) for hour in (8, 9, 10, 11)
    ]


def test_a_site_leads_to_its_own_board_at_the_same_time() -> None:
    board = prefecture(Style.of("fr", directorates()))
    (table,) = [panel for panel in board["panels"] if panel["type"] == "table"]
    links = [
        link["url"]
        for override in table["fieldConfig"]["overrides"]
        for one in override["properties"]
        if one["id"] == "links"
        for link in one["value"]
    ]
    assert links == [
        "/d/passage-daily-flow?var-site=${__data.fields.site}"
        "&${directorate:queryparam}&${__url_time_range}"
    ]
