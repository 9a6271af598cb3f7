"""What stands in the report's cells: a figure, or one of three marks that are no zero."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from dashboards.catalogue import Language
from services.planner.period import named
from services.planner.report.content import MISSING, NOT_APPLICABLE, SUPPRESSED, Cell, Report, Unit
from services.planner.report.facts import OpenWait, SentOn
from services.planner.report.spans import grain_of, spans_of
from services.planner.report.words import Words
from tests.unit.planner.report_made import MONDAY, NAMES, ORDINARY, counted, facts_of, report_of


def cell(report: Report, table: str, line: str, column: str) -> Any:
    return next(one for one in report.tables() if one.key == table).cell(line, column)


def test_zero_small_missing_and_not_applicable_are_four_cells() -> None:
    report = report_of(facts_of([*ORDINARY, counted(MONDAY, "dmi", "sejour", 0)]))
    assert cell(report, "flow", "service:permis", "passages") is SUPPRESSED  # it would betray:
    assert cell(report, "flow", "service:elections", "passages") is SUPPRESSED
    assert cell(report, "flow", "directorate:dcl", "passages") == 43
    assert cell(report, "channels", "directorate:dcl", "channel:appointment") == 0
    assert cell(report, "flow", "directorate:cert", "passages") is NOT_APPLICABLE
    assert cell(report, "sites", "site:annexe", "passages") is MISSING
    assert cell(report, "compared", "total", "previous_per_open_day") is MISSING
    assert cell(report, "elsewhere", "elsewhere:calls_received", "value") is MISSING


def test_what_is_worked_out_from_a_hidden_figure_is_hidden_too() -> None:
    public, internal = (report_of(facts_of(ORDINARY), internal=one) for one in (False, True))
    for table, column in (
        ("flow", "share"),
        ("flow", "persons"),
        ("flow", "per_open_day"),
        ("waits", "mean_wait"),
        ("waits", "within:1200"),
        ("compared", "per_open_day"),
    ):
        assert cell(public, table, "service:elections", column) is SUPPRESSED
        assert cell(internal, table, "service:elections", column) is not SUPPRESSED
    assert cell(internal, "flow", "service:elections", "passages") == 3


def test_open_days_are_known_days_on_which_a_site_of_the_scope_was_open() -> None:
    report = report_of(facts_of(ORDINARY))
    assert cell(report, "open", "site:hall", "open_days") == 4  # closed on Friday
    assert cell(report, "open", "site:annexe", "seen_days") == 0
    assert cell(report, "flow", "total", "per_open_day") == 163 / 4
    assert cell(report, "flow", "total", "per_open_hour") == 163 / 8
    assert [line.cells[1:] for line in report.cover.closures.lines] == [("Travaux", "all_sites")]


def test_the_year_before_is_compared_on_days_that_both_were_open() -> None:
    before = date(2024, 10, 21)  # the same Monday of the same ISO week
    tuesday = MONDAY + timedelta(days=1)
    report = report_of(
        facts_of(
            [*ORDINARY, counted(tuesday, "dmi", "sejour", 500)],
            last_year=[counted(before, "dmi", "sejour", 100)],
        )
    )
    assert cell(report, "compared", "directorate:dmi", "comparable_passages") == 120
    assert cell(report, "compared", "directorate:dmi", "comparable_before") == 100
    assert cell(report, "compared", "directorate:dmi", "comparable_change") == pytest.approx(0.2)


def test_an_hour_that_was_not_heard_is_estimated_from_the_same_hour_and_marked() -> None:
    busy = [counted(MONDAY + timedelta(days=7 * 0), "dmi", "sejour", 120)]
    heard = report_of(facts_of(busy))
    assert cell(heard, "gaps", "site:hall", "missed") == 0
    silent = report_of(facts_of(busy, unheard=[("hall", MONDAY, 10)]))
    assert cell(silent, "gaps", "site:hall", "hours_unheard") == 1
    # Most hours of the annexe were not heard: nothing to estimate from.
    assert cell(silent, "gaps", "site:annexe", "missed") is MISSING
    (column,) = (
        one
        for table in silent.tables()
        for one in table.columns
        if (table.key, one.key) == ("gaps", "missed")
    )
    assert column.estimated


def test_who_was_never_called_counts_as_over_the_threshold() -> None:
    waiting = [OpenWait("hall", "dmi", "sejour", 100.0, 30)]
    report = report_of(facts_of(ORDINARY, open_waits=waiting))
    assert cell(report, "waits", "directorate:dmi", "censored") == 30
    assert cell(report, "waits", "directorate:dmi", "within:1200") == 120 / 150


def test_few_who_were_never_called_are_hidden_with_the_share_that_tells_them() -> None:
    waiting = [OpenWait("hall", "dmi", "sejour", 100.0, 2)]
    for internal, marks in ((False, (SUPPRESSED, SUPPRESSED)), (True, (2, 120 / 122))):
        report = report_of(facts_of(ORDINARY, open_waits=waiting), internal=internal)
        shown = [
            cell(report, "waits", "directorate:dmi", one) for one in ("censored", "within:1200")
        ]
        assert tuple(shown) == marks


@pytest.mark.parametrize(
    ("name", "previous", "grain"),
    [
        ("2025-S2", "2025-S1", "half"),
        ("2025", "2024", "year"),
        ("2025-T1", "2024-T4", "quarter"),
        ("2025-03", "2025-02", "month"),
        ("2026-W01", "2025-W52", "week"),
        ("2025-10-27", "2025-10-20", "day"),
    ],
)
def test_a_period_is_compared_with_the_one_before(name: str, previous: str, grain: str) -> None:
    period = named(name, "Europe/Paris")
    assert grain_of(period) == grain
    assert spans_of(period, date(2027, 1, 1)).previous == named(previous, "Europe/Paris")


def test_of_a_running_period_only_the_days_that_are_over_count() -> None:
    spans = spans_of(named("2025-S2", "Europe/Paris"), date(2025, 8, 10))
    assert spans.now.last == date(2025, 8, 9)


@pytest.mark.parametrize(
    ("name", "french", "english"),
    [
        ("2025", "2025", "2025"),
        ("2025-S1", "1er semestre 2025", "First half of 2025"),
        ("2025-T3", "3e trimestre 2025", "Quarter 3 of 2025"),
        ("2025-08", "août 2025", "August 2025"),
        ("2026-W01", "Semaine 1 de 2026", "Week 1 of 2026"),
        ("2025-10-26", "dimanche 26/10/2025", "Sunday 2025-10-26"),
    ],
)
def test_periods_have_the_names_that_people_use(name: str, french: str, english: str) -> None:
    period = named(name, "Europe/Paris")
    languages: tuple[Language, Language] = ("fr", "en")
    shown = [Words(one, NAMES, "Europe/Paris").period(period) for one in languages]
    assert shown == [french, english]


@pytest.mark.parametrize(
    ("value", "unit", "french", "english"),
    [
        (0, "count", "0", "0"),
        (1234567, "count", "1\u202f234\u202f567", "1,234,567"),
        (1233.06, "rate", "1\u202f233,1", "1,233.1"),
        (0.1234, "percent", "12,3\u202f%", "12.3%"),
        (-0.105, "change", "−10,5\u202f%", "−10.5%"),
        (-0.00001, "change", "+0,0\u202f%", "+0.0%"),
        (12.25, "minutes", "12,2", "12.2"),
        (date(2025, 12, 31), "day", "31/12/2025", "2025-12-31"),
        (
            datetime(2025, 10, 24, 7, tzinfo=UTC),
            "text",
            "vendredi 24/10/2025, 9 h – 10 h",
            "Friday 2025-10-24, 09:00–10:00",
        ),
        (NOT_APPLICABLE, "count", "s.o.", "n.a."),
        (SUPPRESSED, "count", "< 5*", "< 5*"),
        (MISSING, "count", "n.d.", "missing"),
    ],
)
def test_cells_are_written_as_the_language_writes_them(
    value: Cell, unit: Unit, french: str, english: str
) -> None:
    languages: tuple[Language, Language] = ("fr", "en")
    shown = [Words(one, NAMES, "Europe/Paris").cell(value, unit) for one in languages]
    assert shown == [french, english]


def test_who_was_sent_on_stands_by_origin_and_destination() -> None:
    rows = (
        counted(MONDAY, "dcl", "permis", 40, queue_entries=50),
        counted(MONDAY, "dmi", "sejour", 120, queue_entries=131),
    )
    sent_on = [SentOn("dmi", "dcl", 10), SentOn("dmi", "dmi", 5), SentOn("dcl", "dmi", 6)]
    report = report_of(facts_of(rows, sent_on=sent_on))
    assert cell(report, "pairs", "directorate:dmi", "to:dcl") == 10
    assert cell(report, "pairs", "directorate:dcl", "to:dcl") == 0
    assert cell(report, "pairs", "directorate:dmi", "sent_from") == 15
    assert cell(report, "pairs", "total", "to:dmi") == 11
    assert cell(report, "pairs", "directorate:cert", "to:dmi") is NOT_APPLICABLE
    assert cell(report, "pairs", "directorate:dmi", "to:cert") is NOT_APPLICABLE


def test_pairs_that_were_not_kept_are_missing_and_not_zero() -> None:
    rows = (
        counted(MONDAY, "dcl", "permis", 40, queue_entries=50),
        counted(MONDAY, "dmi", "sejour", 120, queue_entries=131),
    )
    report = report_of(facts_of(rows, sent_on=[SentOn("dmi", "dcl", 10), SentOn("dcl", "dmi", 6)]))
    assert cell(report, "pairs", "directorate:dmi", "to:dcl") == 10
    assert cell(report, "pairs", "directorate:dcl", "to:dmi") is MISSING
    assert cell(report, "pairs", "directorate:dmi", "sent_from") is MISSING
    assert cell(report, "pairs", "total", "to:dmi") == 11


def test_a_small_pair_is_hidden_with_one_that_would_give_it_away() -> None:
    rows = (
        counted(MONDAY, "dcl", "permis", 40, queue_entries=52),
        counted(MONDAY, "dmi", "sejour", 120, queue_entries=135),
    )
    sent_on = [
        SentOn("dcl", "dcl", 9),
        SentOn("dmi", "dcl", 3),
        SentOn("dcl", "dmi", 7),
        SentOn("dmi", "dmi", 8),
    ]
    report = report_of(facts_of(rows, sent_on=sent_on))
    pairs = [
        cell(report, "pairs", f"directorate:{one}", f"to:{other}")
        for one in ("dcl", "dmi")
        for other in ("dcl", "dmi")
    ]
    assert pairs == [SUPPRESSED] * 4
