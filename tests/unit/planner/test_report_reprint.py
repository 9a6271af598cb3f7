"""A published report written again has the published figures, and none of today's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from services.planner.report.content import MISSING, Address, Report
from services.planner.report.reprint import as_published
from services.planner.report.revision import Frozen, Publication, digest, frozen
from tests.unit.planner.report_made import MONDAY, NOW, ORDINARY, counted, facts_of, report_of


def published(report: Report) -> Publication:
    figures = frozen(report)
    at = NOW + timedelta(days=1)
    return Publication(1, 1, at, NOW, True, digest(figures), figures)


BEFORE = report_of(facts_of(ORDINARY))
SINCE = report_of(
    facts_of(
        [*ORDINARY, counted(MONDAY + timedelta(days=1), "dmi", "sejour", 500, site="annexe")],
        unheard=[("hall", MONDAY, 9)],
    )
)


def test_nothing_of_today_is_in_it() -> None:
    assert frozen(SINCE) != frozen(BEFORE)
    again = as_published(SINCE, published(BEFORE))
    assert frozen(again) == frozen(BEFORE)
    assert [table.key for table in again.tables()] == [table.key for table in BEFORE.tables()]
    assert again.cover.open_days == BEFORE.cover.open_days
    assert again.cover.seen_days == BEFORE.cover.seen_days
    assert again.cover.extracted_at == BEFORE.cover.extracted_at
    assert [one.charts for one in again.sections] == [
        one.charts for one in as_published(BEFORE, published(BEFORE)).sections
    ]


def test_written_again_it_is_the_same_again() -> None:
    once = as_published(BEFORE, published(BEFORE))
    assert as_published(SINCE, published(once)) == replace(once, thresholds=SINCE.thresholds)


def test_what_is_no_more_stands_last_but_for_the_total() -> None:
    publication = published(BEFORE)
    gone = {
        Address("flow", "directorate:old", "passages"): Frozen("count", "figure", "7"),
        Address("flow", "directorate:old", "former"): Frozen("count", "suppressed", None),
    }
    publication = replace(publication, figures=publication.figures | gone)
    flow = next(one for one in as_published(SINCE, publication).tables() if one.key == "flow")
    assert [line.key for line in flow.lines][-2:] == ["directorate:old", "total"]
    assert flow.columns[-1].key == "former"
    assert flow.cell("directorate:old", "passages") == 7
    assert flow.cell("directorate:old", "share") is MISSING
