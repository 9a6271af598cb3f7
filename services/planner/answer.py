"""A question, with its comparison, answered: as rows for a person or as lines for a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg

from services.planner.comparison import Against, Compared, compared, other_question
from services.planner.export import Line, compared_lines, lines, published_lines
from services.planner.flow import Row, ask
from services.planner.question import Question

Connection = psycopg.Connection[Any]


def pairs(connection: Connection, question: Question, against: Against | None) -> list[Compared]:
    """All rows, each with its counterpart where one is asked for."""
    rows = list(ask(connection, question))
    if against is None:
        return [Compared(row, None) for row in rows]
    return list(_compared(connection, rows, question, against))


@contextmanager
def answer(
    connection: Connection,
    question: Question,
    *,
    against: Against | None = None,
    publish: bool = False,
) -> Iterator[Iterator[Line]]:
    """The lines, read as they are consumed; they need not be consumed to the end."""
    with closing(ask(connection, question)) as rows:
        if publish:
            yield published_lines(list(rows), question)
        elif against is None:
            yield lines(rows, question)
        else:
            yield compared_lines(_compared(connection, list(rows), question, against), question)


def _compared(
    connection: Connection, rows: Iterable[Row], question: Question, against: Against
) -> Iterator[Compared]:
    other = other_question(question, against)
    others = list(ask(connection, other)) if other is not None else []
    return compared(rows, others, question, against)
