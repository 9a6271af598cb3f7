"""The regime of a day: what kind of day it is for visitors. Pure; school holidays come with the
package `holidays`, nothing is fetched.

A day has one regime, the first that holds of: bridge, month-start, school-holidays, term.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from functools import cache
from typing import Literal, get_args

import holidays

from services.planner.slots.calendar import SiteCalendar

Regime = Literal["term", "school-holidays", "bridge", "month-start"]
REGIMES: tuple[Regime, ...] = get_args(Regime)

Zone = Literal["A", "B", "C"]
ZONES: tuple[Zone, ...] = get_args(Zone)

FIRST_DAYS = 3
"""The first open days of a month, on which benefits are paid and permits begin and end."""

SCHOOL_YEARS = (2018, 2030)
"""Years of which `holidays` knows the school holidays; towards the end they are expectations."""

_ONE_DAY = timedelta(days=1)


def regime_of(calendar: SiteCalendar, zone: Zone | None = "C") -> Callable[[date], Regime]:
    """The regime of a site's days; without a zone no day is in the school holidays."""

    @cache
    def regime(day: date) -> Regime:
        if is_bridge(day, calendar):
            return "bridge"
        if is_month_start(day, calendar):
            return "month-start"
        return "school-holidays" if zone and is_school_holiday(day, zone) else "term"

    return regime


def is_school_holiday(day: date, zone: Zone) -> bool:
    """True in the school holidays of a zone of metropolitan France; Créteil is in zone C."""
    return day in _school_holidays(zone, day.year)


def is_bridge(day: date, calendar: SiteCalendar) -> bool:
    """True for an open day between a closed day and one on which the site is closed anyway.

    A Friday after a public holiday on Thursday; a day between two public holidays.
    """
    if not calendar.is_open(day):
        return False
    around = (day - _ONE_DAY, day + _ONE_DAY)
    return not any(calendar.is_open(beside) for beside in around) and any(
        beside in calendar.closed and calendar.opens_on_weekday_of(beside) for beside in around
    )


def is_month_start(day: date, calendar: SiteCalendar) -> bool:
    """True for the first FIRST_DAYS open days of a month."""
    if not calendar.is_open(day):
        return False
    before = (day.replace(day=1) + n * _ONE_DAY for n in range(day.day - 1))
    return sum(calendar.is_open(earlier) for earlier in before) < FIRST_DAYS


def unknown_school_years(days: Iterable[date]) -> list[int]:
    """Years of the days of which the school holidays are not known."""
    first, last = SCHOOL_YEARS
    return sorted({day.year for day in days if not first <= day.year <= last})


@cache
def _school_holidays(zone: Zone, year: int) -> frozenset[date]:
    return frozenset(
        holidays.country_holidays(
            "FR", subdiv=f"Zone {zone}", categories=("school",), years=year, expand=False
        )
    )
