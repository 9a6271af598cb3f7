"""A question as a query string asks it: the same words as the options of `passage history`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Annotated, Any, Literal

import psycopg
from fastapi import HTTPException, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from services.planner.asking import reader, today
from services.planner.comparison import Against
from services.planner.export import Format
from services.planner.period import Grain, NotAPeriod, Period, named
from services.planner.question import BadQuestion, Dimension, Question, check
from services.planner.reference import Reference, UnknownCode, read_reference
from services.planner.sentence import Sentence
from services.planner.settings import PlannerSettings
from services.runtime.database import DatabaseUnavailable

Connection = psycopg.Connection[tuple[object, ...]]


def _written_at_length(value: Any) -> Any:
    # pydantic would take a number for seconds since 1970, and a midnight for its day.
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise PydanticCustomError("date_parsing", "is no day; write it YYYY-MM-DD")
    return value


Day = Annotated[date, BeforeValidator(_written_at_length)]
"""A day as YYYY-MM-DD."""


class AskedOfPeriod(BaseModel):
    """The parameters of every question: when and where."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    period: Annotated[
        str | None, Field(description="2025, 2025-S2, 2025-T3, 2025-10, 2025-W43 or 2025-10-26")
    ] = None
    first: Annotated[Day | None, Field(alias="from", description="first local day; yesterday")] = (
        None
    )
    last: Annotated[Day | None, Field(alias="to", description="last local day, included")] = None
    site: Annotated[list[str], Field(description="codes; all")] = []

    def question(self, time_zone: str) -> Question:
        """The question. Raises BadQuestion, NotAPeriod."""
        return Question(self._period(time_zone), sites=tuple(self.site) or None)

    def _period(self, time_zone: str) -> Period:
        if self.period is not None:
            if self.first or self.last:
                raise BadQuestion(Sentence("period_and_days"))
            return named(self.period, time_zone)
        first = self.first or (self.last or today(time_zone) - timedelta(days=1))
        return Period(first, self.last or first, time_zone)


class Asked(AskedOfPeriod):
    """The parameters of a question about the flow."""

    by: Grain = "hour"
    split: Annotated[
        list[Dimension],
        Field(description="dimensions that get rows of their own; none sums over all"),
    ] = []
    directorate: list[str] = []
    service: list[str] = []
    channel: list[str] = []
    compare: Against | None = None
    publish: Annotated[bool, Field(description="hide counts under 5")] = False

    def question(self, time_zone: str) -> Question:
        """The question. Raises BadQuestion, NotAPeriod."""
        if self.publish and self.compare:
            raise BadQuestion(Sentence("publish_alone"))
        return replace(
            super().question(time_zone),
            grain=self.by,
            split=tuple(dict.fromkeys(self.split)),
            directorates=tuple(self.directorate) or None,
            services=tuple(self.service) or None,
            channels=tuple(self.channel) or None,
        )


class AskedOfApi(Asked):
    """A question to the API: also says in which form."""

    format: Annotated[
        Format | Literal["ndjson"],
        Field(description="json: a page of rows; the others come as one stream"),
    ] = "json"
    limit: Annotated[int, Field(ge=1, le=20_000, description="rows of a page (json)")] = 5_000
    offset: Annotated[int, Field(ge=0, le=10_000_000, description="rows to skip (json)")] = 0


AskedQuery = Annotated[AskedOfApi, Query()]
PeriodQuery = Annotated[AskedOfPeriod, Query()]


@contextmanager
def answering(settings: PlannerSettings) -> Iterator[Connection]:
    """A connection as the reader; what goes wrong becomes a problem with a sentence."""
    try:
        with reader(settings, "passage web") as connection:
            connection.execute("SET statement_timeout = '60s'")
            yield connection
    except (BadQuestion, NotAPeriod, UnknownCode) as error:
        # Not its text: the page says the sentence in its own language.
        raise HTTPException(422, error.args[0]) from None
    except DatabaseUnavailable:
        raise HTTPException(503, Sentence("no_database"), {"Retry-After": "10"}) from None
    except psycopg.errors.QueryCanceled:
        raise HTTPException(422, Sentence("takes_too_long")) from None


def checked(connection: Connection, question: Question, settings: PlannerSettings) -> Reference:
    """The reference data, after the question was checked against it."""
    reference = read_reference(connection)
    check(question, reference, today(settings.time_zone))
    return reference
