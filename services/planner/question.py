"""What a planner asks, checked before the database is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, get_args

from services.planner.period import GRAINS, Grain, Period
from services.planner.reference import Reference

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


def check(question: Question, reference: Reference, today: date) -> None:
    """Raises BadQuestion or UnknownCode; `today` is the local day of asking."""
    period = question.period
    if period.last < period.first:
        raise BadQuestion(
            f"the period ends ({period.last}) before it starts ({period.first}); swap the two"
        )
    if period.first > today:
        raise BadQuestion(
            f"{period} lies in the future; `passage forecast` says what is to be expected"
        )
    longest = LONGEST_DAYS[question.grain]
    if period.days > longest:
        coarser = next(grain for grain in GRAINS if LONGEST_DAYS[grain] > longest)
        raise BadQuestion(
            f"{period.days} days are too long for figures by {question.grain} (at most {longest});"
            f" ask by {coarser}, or for a shorter period"
        )
    reference.check("site", question.sites)
    reference.check("directorate", question.directorates)
    reference.check("service", question.services)
    reference.check("channel", question.channels)
