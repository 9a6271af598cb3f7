"""Rows as COPY reads them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from services.core.calendar import to_us
from services.processor.copy_text import NULL, blocks, copy_line, escaped, utc_text


def test_a_row_is_a_line_with_a_tab_between_its_columns() -> None:
    assert copy_line("creteil", 3, date(2026, 11, 16), NULL, "") == (
        "creteil\t3\t2026-11-16\t\\N\t\n"
    )


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 11, 16, 8, 15, tzinfo=UTC),
        datetime(2026, 11, 16, 8, 15, 59, 999_999, tzinfo=UTC),
        datetime(2026, 11, 16, 8, 15, 0, 1, tzinfo=UTC),
        datetime(2000, 1, 1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
)
def test_an_instant_is_written_to_the_microsecond(at: datetime) -> None:
    assert datetime.fromisoformat(utc_text(to_us(at))) == at


def test_a_backslash_of_json_survives() -> None:
    assert escaped('{"label":"a\\nb"}') == '{"label":"a\\\\nb"}'


def test_blocks_hold_every_line_once_and_in_order() -> None:
    lines = [f"{n}\n" for n in range(1_234)]
    assert "".join(blocks(lines)) == "".join(lines)
    assert list(blocks([])) == []
