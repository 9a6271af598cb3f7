"""The data source `passage`: the reader's way from Grafana to the database."""

from __future__ import annotations

from typing import Any

from services.provision.grafana.change import Change, Json
from services.provision.grafana.connection import Version
from services.provision.grafana.password import digest, matches
from services.runtime.database import DatabaseUrl

UID = "passage"
NAME = "Passage"
TYPES = ("postgres", "grafana-postgresql-datasource")
"""The same plugin before and after it was renamed; either name may be stored."""

PASSWORD_MARK = "passagePassword"

_RENAMED_IN = (10, 2, 3)
_SSL_MODES = ("disable", "require", "verify-ca", "verify-full")


def type_in(version: Version) -> str:
    """What the PostgreSQL plugin is called in that Grafana."""
    return TYPES[version >= _RENAMED_IN]


def wanted(database: DatabaseUrl, version: Version) -> Json:
    """The data source without its password.

    Grafana has no `sslmode=prefer`: a URL that names none of its modes means `disable`.
    """
    host = f"[{database.host}]" if ":" in database.host else database.host
    ssl_mode = database.others.get("sslmode")
    return {
        "uid": UID,
        "name": NAME,
        "type": type_in(version),
        "access": "proxy",
        "isDefault": False,
        "url": f"{host}:{database.port}",
        "user": database.user,
        # Twice: one Grafana lost the first at its first start, and connected elsewhere in silence.
        "database": database.database,
        "jsonData": {
            "database": database.database,
            "sslmode": ssl_mode if ssl_mode in _SSL_MODES else "disable",
            "timescaledb": True,
            "postgresVersion": 1500,
        },
    }


def plan(present: Json | None, wished: Json, password: str, salt: bytes) -> list[Change]:
    """What to write. Name, default and whatever else people have set stay as they are.

    `salt` is for the mark by which a new password is noticed, where there is none that fits.
    """
    if present is None:
        marked = {**wished["jsonData"], PASSWORD_MARK: digest(password, salt)}
        return [Change("data source", NAME, None, {**wished, "jsonData": marked})]
    before = {key: present.get(key) for key in wished}
    kept: dict[str, Any] = present.get("jsonData") or {}
    mark = str(kept.get(PASSWORD_MARK, ""))
    after = {
        **wished,
        "name": present.get("name", NAME),
        "isDefault": present.get("isDefault", False),
        "jsonData": {**kept, **wished["jsonData"]},
    }
    if not matches(password, mark):
        after["jsonData"][PASSWORD_MARK] = digest(password, salt)
    if before["type"] in TYPES:
        after["type"] = before["type"]
    if not before["database"]:
        before["database"] = after["database"]
    # Only for its query builder; people may have set it to their server's.
    after["jsonData"]["postgresVersion"] = kept.get(
        "postgresVersion", wished["jsonData"]["postgresVersion"]
    )
    change = Change("data source", str(after["name"]), before, after)
    return [change] if change.fields else []


def fitted(part: Any, version: Version) -> Any:
    """A board or rule with the data source's type as that Grafana calls it."""
    if isinstance(part, list):
        return [fitted(one, version) for one in part]
    if not isinstance(part, dict):
        return part
    if part.get("uid") == UID and part.get("type") in TYPES:
        return {**part, "type": type_in(version)}
    return {key: fitted(value, version) for key, value in part.items()}
