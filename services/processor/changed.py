"""Keys of what changed, and the messages that they stand for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

import psycopg
from pydantic_core import to_json

from schemas import footfall
from schemas.footfall import FootfallMessage
from schemas.queries import load_queries

_SQL = load_queries("services.processor", "publication.sql")
_MODELS: dict[str, type[FootfallMessage]] = {
    "bucket": footfall.Bucket,
    "waiting": footfall.Waiting,
    "device": footfall.Device,
    "site": footfall.Site,
}


class Changed(NamedTuple):
    """Key of something that changed; what its kind has no use for is None."""

    kind: str
    site: str
    directorate: str | None
    service: str | None
    channel: str | None
    bucket_start: datetime | None
    business_date: date | None
    device: str | None


async def present(
    connection: psycopg.AsyncConnection[Any], keys: Iterable[Changed], as_of: datetime
) -> list[FootfallMessage]:
    """What the keys stand for, as the database has it now."""
    of_kind: dict[str, list[Changed]] = defaultdict(list)
    for key in keys:
        of_kind[key.kind].append(key)
    messages: list[FootfallMessage] = []
    for kind, changed in of_kind.items():
        columns: dict[str, Any] = {
            name: [getattr(key, name) for key in changed] for name in Changed._fields
        }
        if kind == "bucket":
            columns |= {
                "first": min(columns["bucket_start"]),
                "last": max(columns["bucket_start"]),
            }
        common = to_json({"version": 1, "type": kind, "as_of": as_of}).decode()
        cursor = await connection.execute(_SQL[f"read_{kind}"], columns | {"common": common})
        # Columns that the contract has not are left out.
        messages += [
            _MODELS[kind].model_validate_json(row[0], extra="ignore")
            for row in await cursor.fetchall()
        ]
    return messages
