"""A day in a query string is written at length, or it is none."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from services.planner.web.asked import AskedOfPeriod


def test_a_day_is_taken_as_it_is_written() -> None:
    assert AskedOfPeriod.model_validate({"from": "2026-11-16"}).first == date(2026, 11, 16)


@pytest.mark.parametrize("written", ["0", "1794787200", "20261116", "2026-11-16T00:00:00", "16/11"])
def test_what_could_be_a_number_or_an_instant_is_no_day(written: str) -> None:
    with pytest.raises(ValidationError, match="write it YYYY-MM-DD"):
        AskedOfPeriod.model_validate({"from": written})
