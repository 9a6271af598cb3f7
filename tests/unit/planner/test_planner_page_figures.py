"""Figures and dates as the page writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from dashboards.catalogue import LANGUAGES, Language
from services.planner.comparison import Compared
from services.planner.flow import Row
from services.planner.web.chart import chart_of
from services.planner.web.dates import piece
from services.planner.web.figures import table_of
from services.planner.web.texts import texts
from services.planner.wording import number, percent, span
from tests.unit.planner.rows import DCL, DMI, ZONE, counted, heard, hour, period


@pytest.mark.parametrize(
    ("language", "text"), [("fr", "12\u202f345,6"), ("en", "12,345.6")], ids=LANGUAGES
)
def test_numbers_are_written_as_the_language_wants(language: Language, text: str) -> None:
    assert number(12345.6, language, decimals=1) == text


def test_percent_and_dates_in_french() -> None:
    assert percent(-0.123, "fr", signed=True) == "-12\u202f%"
    assert span(period("2026-11-01", "2026-11-30"), "fr") == "01/11/2026 au 30/11/2026"


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 11, 24, 8, tzinfo=UTC), "24/11/2026 09:00"),
        (datetime(2025, 10, 26, 0, tzinfo=UTC), "26/10/2025 02:00 (UTC+0200)"),
        (datetime(2025, 10, 26, 1, tzinfo=UTC), "26/10/2025 02:00 (UTC+0100)"),
        (datetime(2026, 3, 29, 1, tzinfo=UTC), "29/03/2026 03:00"),
        (date(2026, 11, 24), "24/11/2026"),
    ],
)
def test_an_hour_is_the_sites_and_says_which_one_when_it_comes_twice(
    at: datetime | date, text: str
) -> None:
    assert piece(Row(at, f"{at}", DCL), "fr", ZONE) == text


def shown(rows: list[Row], others: list[Row | None] | None = None) -> list[tuple[str, ...]]:
    pairs = [Compared(row, None) for row in rows]
    if others is not None:
        pairs = [Compared(row, other) for row, other in zip(rows, others, strict=True)]
    table = table_of(
        pairs, "passages", "fr", texts("fr"), with_other=others is not None, time_zone=ZONE
    )
    return list(table.rows)


def test_zero_unknown_and_closed_are_three_different_cells() -> None:
    rows = [
        counted(hour(24, 8), DCL, 0, knowledge=heard()),
        counted(hour(24, 8), DMI, 1234, knowledge=heard()),
        Row(hour(24, 9), "ten", DCL, knowledge=heard(0, final=False)),
        Row(hour(24, 9), "ten", DMI, knowledge=heard(0, final=False)),
        counted(hour(24, 10), DMI, 2),
    ]
    assert shown(rows) == [
        ("24/11/2026 09:00", "0", "1\u202f234", "100\u202f%", "définitif"),
        ("24/11/2026 10:00", "inconnu", "inconnu", "0\u202f%", "provisoire"),
        ("24/11/2026 11:00", "fermé", "2", "fermé", ""),
    ]


def test_a_comparison_without_a_counterpart_is_not_applicable() -> None:
    row = counted(date(2026, 11, 24), DCL, 110, knowledge=heard())
    other = counted(date(2025, 11, 25), DCL, 100)
    with_other, without = shown([row, row], [other, None])
    assert with_other[2:5] == ("110", "100", "+10\u202f%")
    assert without[3:5] == ("s.o.", "s.o.")


def test_a_chart_has_a_gap_where_nothing_is_known() -> None:
    rows = [counted(hour(24, 8), DCL, 5), Row(hour(24, 9), "ten", DCL, knowledge=heard(0))]
    drawn = chart_of(
        [Compared(row, None) for row in rows],
        "passages",
        texts("en"),
        with_other=False,
        colours={"dcl": "#0072B2"},
        time_zone=ZONE,
    )
    assert drawn["series"] == [{"label": "DCL", "color": "#0072B2", "values": [5, None]}]
    assert drawn["times"] == [1795507200 + 3600 * 0, 1795507200 + 3600]


def test_every_text_is_there_in_both_languages() -> None:
    french, english = texts("fr"), texts("en")
    assert french.keys() == english.keys()
    assert all(french.values())
    assert all(english.values())
