"""Figures from elsewhere: what a CSV may say, and how a wrong one is told."""

from __future__ import annotations

from datetime import date

import pytest

from services.planner.report.content import MISSING, NOT_APPLICABLE
from services.planner.report.elsewhere_file import BadFile, parse

HEADER = "indicator;scope;value;as_of;source\n"


@pytest.mark.parametrize(
    ("value", "indicator", "expected"),
    [
        ("12 345", "calls_received", 12345),
        ("12\u202f345,5", "web_connections", 12345.5),
        ("81,5 %", "calls_answered", 0.815),
        ("0.85", "calls_answered", 0.85),
        ("0", "calls_received", 0),
        ("s.o.", "satisfaction", NOT_APPLICABLE),
        ("n.d.", "satisfaction", MISSING),
        ("", "satisfaction", MISSING),
    ],
)
def test_numbers_are_read_as_people_write_them(
    value: str, indicator: str, expected: object
) -> None:
    (one,) = parse(f"{HEADER}{indicator};PAN;{value};31/12/2025;Enquête\n".encode())
    assert one.value == expected
    assert (one.scope, one.as_of, one.source) == ("PAN", date(2025, 12, 31), "Enquête")


def test_commas_and_fewer_columns_do_as_well() -> None:
    (one,) = parse(b'\xef\xbb\xbfindicator,value,source\ncalls_received,"1 234",Standard\n\n')
    assert (one.value, one.as_of) == (1234, None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("indicator;source\n", "line 1: column 'value' is missing"),
        ("indicator;value;source;name\n", "line 1: column 'name' is not expected"),
        ("call_received;;5;;S", "line 2, column indicator: unknown indicator 'call_received'; did"),
        ("calls_received;;many;;S", "line 2, column value: 'many' is no number"),
        ("calls_received;;-5;;S", "line 2, column value: '-5' is no number"),
        ("calls_answered;;815 %;;S", "line 2, column value: '815 %' is more than all"),
        ("calls_received;;5;31/02/2025;S", "line 2, column as_of: '31/02/2025' is no day"),
        ("calls_received;;5;;", "line 2, column source: is empty"),
        ("calls_received;;5;;=1+1", "line 2, column source: a text may not begin with '='"),
        ("calls_received;;5", "line 2: 3 columns, the header has 5"),
        ("calls_received;;5;;S\ncalls_received;;6;;S", "line 3, column indicator: 'calls_rec"),
    ],
)
def test_a_wrong_cell_is_named_by_line_and_column(text: str, says: str) -> None:
    with pytest.raises(BadFile) as error:
        parse((text if text.startswith("indicator") else HEADER + text).encode())
    assert says in str(error.value)


def test_another_encoding_is_told_with_the_remedy() -> None:
    with pytest.raises(BadFile, match="line 2: not UTF-8; save the file as"):
        parse(HEADER.encode() + "calls_received;;5;;Enquête\n".encode("latin-1"))
