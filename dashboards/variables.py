"""The choices at the top of a board: site, directorate, service, channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar, get_args

from grafana_foundation_sdk.builders.dashboard import CustomVariable, QueryVariable
from grafana_foundation_sdk.models.dashboard import VariableOption, VariableRefresh, VariableSort

from dashboards.query import DATA_SOURCE
from dashboards.style import Style
from schemas.queries import load_queries
from schemas.types import Channel

_SQL = load_queries("dashboards", "sql/variables.sql")


def one_site(style: Style) -> QueryVariable:
    """Exactly one site: `$site` is its code."""
    return _query(style, "site")


def sites(style: Style) -> QueryVariable:
    """Any number of sites, all at first."""
    return _any_number(style, _query(style, "site"))


def directorates(style: Style) -> QueryVariable:
    """Any number of directorates that receive the public."""
    return _any_number(style, _query(style, "directorate"))


def services(style: Style) -> QueryVariable:
    """Any number of services of the chosen directorates."""
    return _any_number(style, _query(style, "service"))


def channels(style: Style) -> CustomVariable:
    """Any number of channels: how visitors made themselves known."""
    return _any_number(style, _named(style, "channel", get_args(Channel)))


def grain(style: Style) -> CustomVariable:
    """`$grain`: hour, day, week or month."""
    variable = _named(style, "grain", ("hour", "day", "week", "month"))
    name = style.say("variables.grain_day")
    return variable.current(VariableOption(selected=True, text=name, value="day"))


def _named(style: Style, name: str, values: Sequence[str]) -> CustomVariable:
    """Values of our own, each with its name in the catalogue."""
    named = [(style.say(f"variables.{name}_{value}"), value) for value in values]
    return (
        CustomVariable(name)
        .label(style.say(f"variables.{name}"))
        .values(",".join(f"{text} : {value}" for text, value in named))
        .options([VariableOption(text=text, value=value) for text, value in named])
    )


def _query(style: Style, name: str) -> QueryVariable:
    return (
        QueryVariable(name)
        .label(style.say(f"variables.{name}"))
        .query(_SQL[name].strip().removesuffix(";"))
        .datasource(DATA_SOURCE)
        .refresh(VariableRefresh.ON_DASHBOARD_LOAD)
        .sort(VariableSort.DISABLED)
    )


V = TypeVar("V", QueryVariable, CustomVariable)


def _any_number(style: Style, variable: V) -> V:
    every = VariableOption(selected=True, text=[style.say("variables.all")], value=["$__all"])
    return variable.multi(True).include_all(True).current(every)
