"""Which demand is planned for: a weekday, the day after a closure, or two sites after a move."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from services.planner.question import BadQuestion
from services.planner.staffing.days import ChosenDays, hours_on, next_open
from services.planner.staffing.demand import Demand, measured
from services.planner.staffing.reading import History
from services.planner.staffing.scenario import joined, scaled

WEEKDAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Case:
    """One demand to plan for, and what it rests on."""

    title: str
    iso_weekday: int
    days: ChosenDays
    demand: Demand

    def scaled(self, factor: float) -> Case:
        """The same with so many times the demand."""
        title = f"{self.title}, demand {factor - 1:+.0%}"
        return replace(self, title=title, demand=scaled(self.demand, factor))


def busiest_weekday(history: History, between_s: float) -> int:
    """The ISO weekday with most arrivals in the mean. Raises BadQuestion when no day is known."""
    totals = {
        number: history.demand(days, between_s).total()
        for number in range(1, 8)
        if (days := history.days(number)).days
    }
    if not totals:
        raise BadQuestion(
            f"no open day is known at {history.place.site} in {history.period}; check its opening "
            "hours in the registry, and `passage history --coverage`"
        )
    return max(totals, key=lambda number: totals[number])


def weekday_case(history: History, iso_weekday: int, between_s: float) -> Case:
    """An ordinary day of the week."""
    days = history.days(iso_weekday)
    title = f"{history.place}, {_name(iso_weekday)}"
    return Case(title, iso_weekday, days, history.demand(days, between_s))


def closure_case(history: History, closed: date, between_s: float) -> Case:
    """The next open day, with the visitors of a day that is closed on top.

    Raises BadQuestion when the site is closed that day anyway, or does not open again.
    """
    site = history.place.site
    if not hours_on(closed, history.opening, history.closed):
        reason = f" ({history.closed[closed]})" if closed in history.closed else ""
        raise BadQuestion(f"{site} is closed on {closed} anyway{reason}; --close takes an open day")
    following = next_open(closed, history.opening, history.closed)
    if following is None:
        raise BadQuestion(
            f"{site} does not open within a month after {closed}; --close another day"
        )
    number = following.isoweekday()
    days = history.days(number)
    displaced = history.demand(history.days(closed.isoweekday()), between_s)
    title = f"{history.place}, {_name(number)} {following} after a closed {closed}"
    return Case(title, number, days, joined(history.demand(days, between_s), displaced))


def move_cases(
    here: History, there: History, service: str, iso_weekday: int, between_s: float
) -> list[Case]:
    """The place that a service leaves, unless nothing remains, and the one to which it comes.

    Raises BadQuestion when it is there already, or was not here, or the other is closed that day.
    """
    if here.place.site == there.place.site:
        raise BadQuestion(f"service {service!r} is at {here.place.site} already; name another site")
    if service not in here.services():
        raise BadQuestion(
            f"service {service!r} received nobody at {here.place} in {here.period}; services here "
            f"are {', '.join(sorted(here.services()))}"
        )
    days, days_there = here.days(iso_weekday), there.days(iso_weekday)
    moving = here.demand(days, between_s, {service})
    weekday = _name(iso_weekday)
    cases = []
    remaining = here.services() - {service}
    if remaining:
        rest = here.demand(days, between_s, remaining)
        cases.append(Case(f"{here.place}, {weekday}, without {service}", iso_weekday, days, rest))
    if not days_there.days:
        raise BadQuestion(
            f"{there.place.site} was not open, or not seen by its devices, on any {weekday} of "
            f"{there.period}; choose another weekday or period"
        )
    base = (
        there.demand(days_there, between_s)
        if there.rows
        else measured([], days_there.days, days_there.hours, service=moving.service)
    )
    title = f"{there.place}, {weekday}, with {service} of {here.place.site}"
    return [*cases, Case(title, iso_weekday, days_there, joined(base, moving))]


def _name(iso_weekday: int) -> str:
    return WEEKDAY_NAMES[iso_weekday - 1]
