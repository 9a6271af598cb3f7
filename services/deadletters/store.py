"""Dead letters in TimescaleDB, read and marked as the writer role."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from schemas.dead_letters import WITHHELD
from schemas.queries import load_queries
from services.deadletters.errors import StoreRefuses, UnknownDeadLetter
from services.deadletters.letters import Letter, LetterId, ReasonCount, Selection
from services.runtime.database import DatabaseUrl, connect

SETTING = "PASSAGE_DATABASE_WRITER"
_APPLICATION = "passage dead-letters"
_SQL = load_queries("services.deadletters")


@contextmanager
def open_store(url: str) -> Iterator[Store]:
    """Connect. Raises InvalidSetting, DatabaseUnavailable, and StoreRefuses with the remedy."""
    address = DatabaseUrl.parse(url, SETTING)
    # Autocommit: no transaction stays open while the broker is waited for.
    with connect(address, _APPLICATION, autocommit=True) as connection:
        try:
            yield Store(connection)
        except psycopg.errors.InsufficientPrivilege:
            raise StoreRefuses(
                f"{address} may not read or mark dead letters; set {SETTING} to the processor's "
                "role (the reader's role sees them without their body)"
            ) from None
        except psycopg.errors.UndefinedTable:
            raise StoreRefuses(
                f"{address} has no dead letters yet; run `passage provision database`"
            ) from None
        except psycopg.Error as error:
            sentence = str(error).strip().splitlines()[0] if str(error).strip() else "no answer"
            raise StoreRefuses(
                f"{address} failed: {sentence}; repeat the command: what was marked stays so"
            ) from None


class Store:
    """The dead letters of one database."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def by_reason(self) -> list[ReasonCount]:
        """Counts of everything refused, the most frequent first."""
        with self._connection.cursor(row_factory=class_row(ReasonCount)) as cursor:
            return cursor.execute(_SQL["by_reason"]).fetchall()

    def newest(self, selection: Selection, limit: int | None) -> list[Letter]:
        """Those selected, newest first; `limit` None for all."""
        statement = _SQL["letters"] + _SQL["newest_first"]
        with self._connection.cursor(row_factory=class_row(Letter)) as cursor:
            return cursor.execute(statement, _parameters(selection, limit)).fetchall()

    def one(self, letter_id: LetterId) -> Letter:
        """The dead letter of an identity. Raises UnknownDeadLetter."""
        found = self.newest(Selection(ids=[letter_id]), 1)
        if not found:
            raise UnknownDeadLetter(
                f"no dead letter {letter_id} is stored; `passage dead-letters list --all` shows "
                "those that are"
            )
        return found[0]

    def same_event(self, letter: Letter) -> list[tuple[LetterId, str, datetime]]:
        """Other refusals of the same event, oldest first: identity, reason, arrival."""
        if letter.event_id is None:
            return []
        place = {"topic": letter.topic, "partition": letter.partition, "offset": letter.offset}
        rows = self._connection.execute(
            _SQL["same_event"], {"event_id": letter.event_id, **place}
        ).fetchall()
        return [(LetterId(*row[:3]), row[3], row[4]) for row in rows]

    def number(self, selection: Selection) -> int:
        """How many are selected."""
        row = self._connection.execute(
            _SQL["letters"] + _SQL["number"], _parameters(selection)
        ).fetchone()
        return int(row[0]) if row else 0

    def batches(self, selection: Selection, size: int) -> Iterator[list[Letter]]:
        """Those selected at this moment, oldest first; what is refused meanwhile is not among them.

        Held by the server, so that any number of them takes the memory of one batch.
        """
        statement = _SQL["letters"] + _SQL["oldest_first"]
        # WITH HOLD: the cursor outlives its statement's transaction, of which there is no other.
        with psycopg.ServerCursor(
            self._connection, "letters", row_factory=class_row(Letter), withhold=True
        ) as cursor:
            cursor.execute(statement, _parameters(selection))
            while batch := cursor.fetchmany(size):
                yield batch

    def mark_replayed(self, letter_ids: Sequence[LetterId]) -> None:
        """Note that these were sent again and acknowledged, now."""
        if letter_ids:
            self._connection.execute(_SQL["mark_replayed"], _places(letter_ids))


def _parameters(selection: Selection, limit: int | None = None) -> dict[str, Any]:
    return {
        "reasons": list(selection.reasons) or None,
        "site": selection.site,
        "since": selection.since,
        "pending": selection.pending,
        "withheld": WITHHELD,
        "limit": limit,
        **_places(selection.ids),
    }


def _places(letter_ids: Sequence[LetterId]) -> dict[str, Any]:
    return {
        "topics": [one.topic for one in letter_ids] or None,
        "partitions": [one.partition for one in letter_ids],
        "offsets": [one.offset for one in letter_ids],
    }
