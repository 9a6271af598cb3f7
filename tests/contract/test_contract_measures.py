"""The measures are named once in Python and again in SQL: the names must stay the same."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from schemas.queries import load_queries
from services.core.footfall import MEASURES

SQL = resources.files("schemas") / "sql"


def text(path: str) -> str:
    return SQL.joinpath(path).read_text(encoding="utf-8")


def between(whole: str, start: str, end: str) -> str:
    assert start in whole, start
    return whole.split(start, 1)[1].split(end, 1)[0]


def summed(statement: str) -> tuple[str, ...]:
    return tuple(re.findall(r'sum\("?(\w+)"?\)', statement))


@pytest.mark.parametrize("table", ["footfall", "footfall_day"])
def test_tables_have_the_measures_as_columns_in_their_order(table: str) -> None:
    # A later migration adds its measure at the end of both.
    declared = [
        column
        for file in sorted(SQL.joinpath("migrations").iterdir(), key=lambda file: file.name)
        for column in columns(file.read_text(encoding="utf-8"), table)
    ]
    assert tuple(declared) == MEASURES


def columns(migration: str, table: str) -> list[str]:
    created = re.search(rf"^CREATE TABLE {table} \((.*?)^\)", migration, re.DOTALL | re.MULTILINE)
    added = re.findall(
        rf'^ALTER TABLE {table} ADD COLUMN "?(\w+)"? bigint', migration, re.MULTILINE
    )
    found = re.findall(r'^    "?(\w+)"? bigint', created[1], re.MULTILINE) if created else []
    return found + added


@pytest.mark.parametrize(
    "statement",
    [
        between(text("views/20_footfall.sql"), "VIEW footfall_hourly AS", "COMMENT ON VIEW"),
        between(text("views/15_footfall_day.sql"), "FUNCTION count_footfall_days", "END;"),
        load_queries("services.processor")["add_days"],
    ],
    ids=["footfall_hourly", "count_footfall_days", "add_days"],
)
def test_sums_are_of_every_measure_in_order(statement: str) -> None:
    assert summed(statement) == MEASURES


def test_days_show_every_measure() -> None:
    view = between(text("views/20_footfall.sql"), "VIEW footfall_daily AS", "FROM footfall_day;")
    shown = [line.strip(' ,"') for line in view.split("channel,\n", 1)[1].splitlines()]
    assert tuple(shown) == MEASURES


@pytest.mark.parametrize(("statement", "kept"), [("add_footfall", "f"), ("add_days", "d")])
def test_every_measure_is_added_to_what_is_kept(statement: str, kept: str) -> None:
    query = load_queries("services.processor")[statement]
    added = re.findall(
        rf'^    "?(\w+)"? = {kept}\."?(\w+)"? \+ EXCLUDED\."?(\w+)"?[,;]$', query, re.MULTILINE
    )
    assert added == [(measure,) * 3 for measure in MEASURES]


def test_the_total_sums_measures_only() -> None:
    total = summed(text("views/90_footfall_total.sql"))
    assert total
    assert set(total) <= set(MEASURES)
