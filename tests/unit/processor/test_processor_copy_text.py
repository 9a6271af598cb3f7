"""Rows as COPY reads them."""

from __future__ import annotations

from datetime import UTC, date, datetime

from services.processor.copy_text import blocks, copy_line, escaped


def test_a_row_is_a_line_with_a_tab_between_its_columns() -> None:
    at = datetime(2026, 11, 16, 8, 15, tzinfo=UTC)
    assert copy_line(("creteil", 3, at, date(2026, 11, 16), True, "")) == (
        "creteil\t3\t2026-11-16 08:15:00+00:00\t2026-11-16\tTrue\t\n"
    )


def test_what_is_absent_is_null_and_not_the_word_none() -> None:
    assert copy_line((None, "None")) == "\\N\tNone\n"


def test_a_backslash_of_json_survives() -> None:
    assert escaped('{"label":"a\\nb"}') == '{"label":"a\\\\nb"}'


def test_blocks_hold_every_line_once_and_in_order() -> None:
    lines = [f"{n}\n" for n in range(1_234)]
    assert "".join(blocks(lines)) == "".join(lines)
    assert list(blocks([])) == []
