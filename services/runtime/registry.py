"""The registry as it was loaded last: what events may name."""

from __future__ import annotations

from typing import Any, LiteralString

import psycopg

from schemas.registry import Registry

NEWEST: LiteralString = (
    "SELECT revision, document FROM registry_revision ORDER BY revision DESC LIMIT 1"
)


class NoRegistry(Exception):
    """No registry was loaded into this database yet."""

    def __init__(self) -> None:
        super().__init__("no registry is loaded; run `passage provision registry FILE`")


def read_registry(connection: psycopg.Connection[Any]) -> tuple[int, Registry]:
    """The newest revision and its registry. Raises NoRegistry."""
    with connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        return _registry(cursor.execute(NEWEST).fetchone())


async def read_registry_async(connection: psycopg.AsyncConnection[Any]) -> tuple[int, Registry]:
    """The same on an asynchronous connection."""
    async with connection.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        return _registry(await (await cursor.execute(NEWEST)).fetchone())


def _registry(row: tuple[Any, ...] | None) -> tuple[int, Registry]:
    if row is None:
        raise NoRegistry
    revision, document = row
    # An older program reads what a newer one wrote: fields it does not know are left out.
    return int(revision), Registry.model_validate(document, extra="ignore")
