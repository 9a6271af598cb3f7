"""One alert rule in the form of Grafana's provisioning API.

What a query must return: labels as text columns and one number, which is 0 while all is well;
always at least one row, since some versions of Grafana 9 take a table without rows for an error.
"""

from __future__ import annotations

from typing import Any, Literal

from dashboards.catalogue import Catalogue
from dashboards.layout import uid
from dashboards.query import DATA_SOURCE
from schemas.queries import load_queries

Route = Literal["supervisor", "technician"]

ROUTE_LABEL = "passage_route"
"""The label by which notification policies tell who is told."""

INTERVAL_S = 60
"""How often rules are evaluated: Grafana's default, and a multiple of its base of 10 s."""

# Names that texts may use, as Grafana's templates.
_TEMPLATES = {
    "site": "{{ $labels.site_name }}",
    "directorate": "{{ $labels.directorate }}",
    "device": "{{ $labels.device }}",
    "reason": "{{ $labels.reason }}",
    "value": '{{ printf "%.0f" $values.A.Value }}',
}


def rule(
    say: Catalogue, name: str, *, route: Route, lasting: str, board: str, of_a_site: bool = True
) -> dict[str, Any]:
    """The rule of the query `name`: it fires when the number has been above 0 for `lasting`.

    `lasting` is a duration as Grafana writes it (`2m`, `0s`); `board` is where its link leads, to
    the site when the rule is about one.
    """
    sql = load_queries("dashboards.alerts")[name].strip().removesuffix(";")
    key = f"alerts.{name}"
    link = (
        "{{ externalURL }}d/" + uid(board) + ("?var-site={{ $labels.site }}" if of_a_site else "")
    )
    return {
        "uid": uid(name.replace("_", "-")),
        "title": say(f"{key}.title"),
        "condition": "B",
        "data": [_query(sql), _above_zero()],
        # Nothing to see is fine; a query that fails is an alert DatasourceError, with a route.
        "noDataState": "OK",
        "execErrState": "Error",
        "for": lasting,
        "labels": {ROUTE_LABEL: route},
        "annotations": {
            "summary": _or_failing(say, "summary", say(f"{key}.summary", **_TEMPLATES)),
            "description": _or_failing(say, "action", f"{say(f'{key}.action')} {link}"),
        },
        "isPaused": False,
    }


def _or_failing(say: Catalogue, which: str, text: str) -> str:
    # DatasourceError takes the texts of its rule, but there is neither a value nor a label then.
    failing = say(f"alerts.failing.{which}")
    return f"{{{{ if $values.A }}}}{text}{{{{ else }}}}{failing}{{{{ end }}}}"


def _query(sql: str) -> dict[str, Any]:
    return {
        "refId": "A",
        "queryType": "",
        "relativeTimeRange": {"from": 3600, "to": 0},
        "datasourceUid": DATA_SOURCE.uid,
        # The last two are what Grafana fills in: written here, the rule reads back as it was sent.
        "model": {
            "datasource": {"type": DATA_SOURCE.type_val, "uid": DATA_SOURCE.uid},
            "editorMode": "code",
            "format": "table",
            "rawQuery": True,
            "rawSql": sql,
            "refId": "A",
            "intervalMs": 1000,
            "maxDataPoints": 43200,
        },
    }


def _above_zero() -> dict[str, Any]:
    return {
        "refId": "B",
        "queryType": "",
        "relativeTimeRange": {"from": 0, "to": 0},
        "datasourceUid": "__expr__",
        "model": {
            "datasource": {"type": "__expr__", "uid": "__expr__"},
            "expression": "$A > 0",
            "type": "math",
            "refId": "B",
            "intervalMs": 1000,
            "maxDataPoints": 43200,
        },
    }
