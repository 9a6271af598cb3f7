"""What a planner asks, checked before the database is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, get_args

from services.planner.period import GRAINS, Grain, Period
from services.planner.reference import Reference
from services.planner.sentence import Sentence

Dimension = Literal["site", "directorate", "service", "channel"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

LONGEST_DAYS: dict[Grain, int] = {
    "hour": 400,
    "day": 11 * 366,
    "week": 31 * 366,
    "month": 31 * 366,
    "quarter": 31 * 366,
    "half": 31 * 366,
    "year": 31 * 366,
}
"""Longest span that a grain may be asked of: more rows than a person or a spreadsheet takes."""

EARLIEST = date(1900, 1, 1)
"""Nothing was counted before, and what is compared lies before what is asked."""


class BadQuestion(ValueError):
    """A question without an answer; the message says what to ask instead."""


@dataclass(frozen=True, slots=True)
class Question:
    """How many came and how long they waited, over a period, by a grain and dimensions."""

    period: Period
    grain: Grain = "hour"
    split: tuple[Dimension, ...] = ("directorate",)
    """Dimensions that get rows of their own; over the others is summed."""
    sites: tuple[str, ...] | None = None
    directorates: tuple[str, ...] | None = None
    services: tuple[str, ...] | None = None
    channels: tuple[str, ...] | None = None
    """Codes that are asked for; None is all."""

    def of_period(self, period: Period) -> Question:
        """The same question of another period."""
        return replace(self, period=period)

    def of_sites(self, sites: tuple[str, ...] | None) -> Question:
        """The same question about other sites."""
        return replace(self, sites=sites)


def check_period(period: Period, today: date) -> None:
    """Raises BadQuestion for days that nobody can have counted; `today` is that of asking."""
    if period.last < period.first:
        raise BadQuestion(Sentence("ends_before_start", first=period.first, last=period.last))
    if period.first > today:
        raise BadQuestion(Sentence("in_the_future", days=_days(period)))
    if period.first < EARLIEST:
        raise BadQuestion(Sentence("too_early", days=_days(period), earliest=EARLIEST))


def check(question: Question, reference: Reference, today: date) -> None:
    """Raises BadQuestion or UnknownCode; `today` is the local day of asking."""
    period = question.period
    check_period(period, today)
    longest = LONGEST_DAYS[question.grain]
    if period.days > longest:
        coarser = next((grain for grain in GRAINS if LONGEST_DAYS[grain] > longest), None)
        if coarser is None:
            raise BadQuestion(Sentence("too_long_at_all", n=period.days, most=longest))
        raise BadQuestion(
            Sentence(
                "too_long",
                n=period.days,
                grain=Sentence(f"grain_{question.grain}"),
                most=longest,
                coarser=Sentence(f"grain_{coarser}"),
            )
        )
    reference.check("site", question.sites)
    reference.check("directorate", question.directorates)
    reference.check("service", question.services)
    reference.check("channel", question.channels)


def _days(period: Period) -> Sentence:
    if period.first == period.last:
        return Sentence("one_day", day=period.first)
    return Sentence("days", first=period.first, last=period.last)
