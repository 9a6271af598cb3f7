"""The questions of the board of flow by directorate; all begin with the chosen sites and days."""

from __future__ import annotations

from dashboards.query import Query, Shape
from schemas.queries import load_queries

_SQL = load_queries("dashboards", "sql/directorate_flow.sql")


def as_it_stands(name: str, shape: Shape = "table", ref_id: str = "A") -> Query:
    """A question as it stands, without the chosen days."""
    return Query(_SQL[name], shape, ref_id)


def of_period(name: str, shape: Shape = "table", ref_id: str = "A") -> Query:
    """A question about the days of the period."""
    return Query(_SQL["span"] + _SQL[name], shape, ref_id)


def of_both_years(name: str, shape: Shape = "table") -> Query:
    """A question about comparable days of the period and of the year before."""
    return Query(_SQL["span"] + _SQL["pair"] + _SQL[name], shape)
