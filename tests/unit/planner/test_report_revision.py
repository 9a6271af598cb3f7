"""What was published stays; what differs later is shown beside it with its cause."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.planner.report.content import Address, Report
from services.planner.report.revision import Change, Publication, digest, frozen, restated
from tests.unit.planner.report_made import (
    MONDAY,
    NOW,
    ORDINARY,
    counted,
    facts_of,
    report_of,
)

LATE = Change(datetime(2025, 10, 20, 7, 15, tzinfo=UTC), "hall", "dmi", "sejour", "late_event")
SPANS = {"now": facts_of(ORDINARY).spans.now, "previous": None, "last_year": None}


def published(report: Report, *, is_final: bool = True) -> Publication:
    figures = frozen(report)
    return Publication(1, 1, NOW, NOW, is_final, digest(figures), figures)


def causes(before: Report, after: Report, *changes: Change, is_final: bool = True) -> dict:
    found = restated(after, published(before, is_final=is_final), changes, SPANS)
    return {one.address: one.causes for one in found}


ONE_MORE = (*ORDINARY[:2], counted(MONDAY, "dmi", "sejour", 121))


def test_the_same_figures_have_the_same_digest_and_differ_nowhere() -> None:
    report = report_of(facts_of(ORDINARY))
    assert causes(report, report_of(facts_of(ORDINARY))) == {}
    assert digest(frozen(report)) != digest(frozen(report_of(facts_of(ONE_MORE))))


def test_a_frozen_cell_is_the_same_again() -> None:
    for address, _, _, cell in report_of(facts_of(ORDINARY)).cells():
        thawed = frozen(report_of(facts_of(ORDINARY)))[address].thawed()
        if isinstance(cell, float):
            assert thawed == pytest.approx(cell, rel=1e-8)
        else:
            assert (type(thawed), thawed) == (type(cell), cell)


def test_what_is_hidden_is_not_kept() -> None:
    figure = frozen(report_of(facts_of(ORDINARY)))[Address("flow", "service:elections", "passages")]
    assert (figure.state, figure.value) == ("suppressed", None)


def test_a_changed_cell_has_the_cause_of_its_own_restatements() -> None:
    before, after = report_of(facts_of(ORDINARY)), report_of(facts_of(ONE_MORE))
    other = replace_cause(LATE, directorate="dcl", service="permis", cause="correction")
    found = causes(before, after, LATE, other)
    assert found[Address("flow", "directorate:dmi", "passages")] == ("late_event",)
    assert found[Address("flow", "total", "passages")] == ("correction", "late_event")
    # Its share changed with the whole.
    assert found[Address("flow", "directorate:dcl", "share")] == ("correction",)
    assert Address("flow", "directorate:dcl", "passages") not in found


def test_without_a_restatement_it_was_provisional_or_the_calendar_changed() -> None:
    before, after = report_of(facts_of(ORDINARY)), report_of(facts_of(ONE_MORE))
    address = Address("flow", "directorate:dmi", "passages")
    assert causes(before, after)[address] == ("other",)
    assert causes(before, after, is_final=False)[address] == ("provisional",)


def test_a_line_that_is_gone_is_told() -> None:
    before = report_of(facts_of(ORDINARY))
    after = replace(before, sections=before.sections[1:])
    (one,) = (
        one
        for one in restated(after, published(before), (), SPANS)
        if one.address == Address("flow", "total", "passages")
    )
    assert (one.published, one.known) == (163, None)


def replace_cause(change: Change, **others: str) -> Change:
    return change._replace(**others)
