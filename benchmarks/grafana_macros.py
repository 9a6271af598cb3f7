"""What Grafana makes of a panel's SQL before the database sees it.

Macros as in Grafana's pkg/tsdb/postgres/macros.go (with `timescaledb: true`, as our data source
says), variables as its `sqlstring` format writes them. A macro that Grafana does not know is an
error there, and here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

Value = str | Sequence[str]

_MACRO = re.compile(r"\$([_a-zA-Z0-9]+)\(([^)]*)\)")
_VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\$(__\w+|\w+)(?!\()")


def expanded(
    sql: str,
    from_at: datetime,
    to_at: datetime,
    variables: Mapping[str, Value],
    interval: timedelta = timedelta(minutes=1),
) -> str:
    """The statement for the range [from_at, to_at]. Raises KeyError for what nothing defines."""
    built_in = {
        "__interval": f"{int(interval.total_seconds())}s",
        "__interval_ms": str(int(interval.total_seconds() * 1000)),
        "__from": str(int(from_at.timestamp() * 1000)),
        "__to": str(int(to_at.timestamp() * 1000)),
    }
    known = {**built_in, **variables}
    # The browser puts variables in, the data source then expands macros.
    with_values = _VARIABLE.sub(lambda found: _written(found, known), sql)
    return _MACRO.sub(lambda found: _macro(found, from_at, to_at), with_values)


def _written(found: re.Match[str], known: Mapping[str, Value]) -> str:
    name = found[1] or found[3]
    if name not in known and found[3] and name.startswith("__time"):
        return found[0]
    value = known[name]
    values = [value] if isinstance(value, str) else list(value)
    if found[2] == "sqlstring":
        # With nothing to choose from, Grafana writes one empty string.
        return ",".join("'" + one.replace("'", "''") + "'" for one in values or [""])
    if found[2] == "csv":
        return ",".join(values)
    if found[2] in (None, "raw"):
        if isinstance(value, str):
            return value
        raise KeyError(f"${name} has several values and needs a format")
    raise KeyError(f"format {found[2]}")


def _macro(found: re.Match[str], from_at: datetime, to_at: datetime) -> str:
    arguments = [one.strip() for one in found[2].split(",")]
    match found[1]:
        case "__timeFilter":
            return f"{arguments[0]} BETWEEN '{_instant(from_at)}' AND '{_instant(to_at)}'"
        case "__timeFrom":
            return f"'{_instant(from_at)}'"
        case "__timeTo":
            return f"'{_instant(to_at)}'"
        case "__time":
            return f'{arguments[0]} AS "time"'
        case "__timeGroup":
            return f"time_bucket('{_seconds(arguments[1]):.3f}s',{arguments[0]})"
        case "__timeGroupAlias":
            return f"time_bucket('{_seconds(arguments[1]):.3f}s',{arguments[0]}) AS \"time\""
        case name:
            raise KeyError(f"Unknown macro {name}")


_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def _seconds(interval: str) -> float:
    found = re.fullmatch(r"(\d+)(ms|[smhdw])", interval.strip("'"))
    if found is None:
        raise KeyError(f"error parsing interval {interval}")
    return int(found[1]) * _UNITS[found[2]]


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
