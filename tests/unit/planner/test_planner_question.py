"""Questions without an answer are refused with what to ask instead."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.planner.question import BadQuestion, check
from services.planner.reference import Reference, UnknownCode
from tests.unit.planner.rows import ZONE, question

REFERENCE = Reference(
    {"sp-lhay": "L’Haÿ", "sp-nogent": "Nogent"},
    {"dcl": "DCL", "dmi": "DMI"},
    {"sejour": "Séjour"},
    {"sp-lhay": ZONE, "sp-nogent": ZONE},
)
TODAY = date(2026, 11, 25)


@pytest.mark.parametrize(
    ("asked", "remedy"),
    [
        (question("2026-11-16", "2026-11-15"), "swap"),
        (question("2026-12-01"), "passage forecast"),
        (question("2024-01-01", "2026-01-01"), "ask by day"),
    ],
    ids=["end before start", "future", "too fine"],
)
def test_a_period_without_an_answer(asked: object, remedy: str) -> None:
    with pytest.raises(BadQuestion, match=remedy):
        check(asked, REFERENCE, TODAY)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "code", "remedy"),
    [
        ("sites", "sp-lhai", "did you mean 'sp-lhay'"),
        ("sites", "paris", "known are sp-lhay, sp-nogent"),
        ("directorates", "DMI", "did you mean 'dmi'"),
        ("services", "sejours", "did you mean 'sejour'"),
        ("channels", "phone", "known are appointment, kiosk, online, reception"),
    ],
)
def test_an_unknown_code(field: str, code: str, remedy: str) -> None:
    asked = replace(question("2026-11-16"), **{field: (code,)})
    with pytest.raises(UnknownCode, match=remedy):
        check(asked, REFERENCE, TODAY)


def test_a_good_question_passes() -> None:
    check(replace(question("2026-11-25"), sites=("sp-lhay",)), REFERENCE, TODAY)
