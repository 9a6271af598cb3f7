"""When the simulated prefecture is closed, and what a change of the clocks does to it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from schemas.events import Heartbeat
from schemas.registry import Closure, OpeningPeriod, Registry, Site, WeeklyHours
from services.simulator.opening import UnknownHolidays, as_datetime, opening
from services.simulator.simulation import generate

NIGHT_HOURS = OpeningPeriod.model_validate({"opens": "00:00", "closes": "06:00"})


def _open_on_sunday(registry: Registry) -> Registry:
    sunday = WeeklyHours(week={"sun": (NIGHT_HOURS,)})
    site = registry.sites[0].model_copy(update={"opening_hours": (sunday,)})
    return registry.model_copy(update={"sites": (site, *registry.sites[1:])})


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 11, 14),  # Saturday
        date(2026, 11, 15),  # Sunday
        date(2026, 11, 11),  # Armistice, a Wednesday
        date(2026, 4, 6),  # Easter Monday
        date(2026, 5, 14),  # Ascension
        date(2026, 5, 15),  # the bridge day of the shipped closures
    ],
    ids=str,
)
def test_nothing_happens_on_a_closed_day(registry: Registry, day: date) -> None:
    simulation = generate(registry, day)
    assert simulation.events == ()
    assert simulation.truth.buckets == {}


@pytest.mark.parametrize(
    ("day", "utc"),
    [
        (date(2025, 3, 28), "07:30"),
        (date(2025, 3, 31), "06:30"),
        (date(2025, 10, 24), "06:30"),
        (date(2025, 10, 27), "07:30"),
    ],
    ids=str,
)
def test_the_doors_open_by_the_clock_on_the_wall(registry: Registry, day: date, utc: str) -> None:
    site = next(site for site in registry.sites if site.code == "creteil-etrangers")
    ((opens, _),) = opening(site, day)
    assert as_datetime(opens).strftime("%H:%M") == utc


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2025, 3, 30), 5), (date(2025, 10, 26), 7), (date(2025, 11, 2), 6)],
    ids=str,
)
def test_a_night_of_the_clock_change_has_its_true_length(
    registry: Registry, day: date, hours: int
) -> None:
    simulation = generate(_open_on_sunday(registry), day)
    beats = [e for e in simulation.events if e.event_class is Heartbeat]
    assert len([e for e in beats if e.device == "acc-borne-1"]) == hours * 60
    assert len({e.occurred_at for e in beats if e.device == "acc-borne-1"}) == hours * 60
    assert simulation.truth.visits > 0


def test_a_ticket_before_the_business_day_starts_belongs_to_the_day_before(
    registry: Registry,
) -> None:
    simulation = generate(_open_on_sunday(registry), date(2025, 11, 2), scale=3)
    numbers = [
        e.fields["number"]
        for e in simulation.events
        if e.fields.get("queue") == "acc-accueil" and "channel" in e.fields and "number" in e.fields
    ]
    # Tickets start again at 04:00, in the middle of these opening hours.
    assert numbers.count("G001") == 2


def test_an_exceptional_closure_is_a_closed_day(registry: Registry) -> None:
    day = date(2026, 11, 16)
    closure = Closure(first=day, last=day + timedelta(days=1), reason="Inondation")
    site = registry.sites[0].model_copy(update={"closures": (closure,)})
    assert opening(site, day) == ()
    assert opening(site, day + timedelta(days=1)) == ()
    assert opening(site, day + timedelta(days=2)) != ()


def test_a_site_is_closed_before_it_exists(registry: Registry) -> None:
    site = registry.sites[0].model_copy(update={"valid_from": date(2026, 12, 1)})
    assert opening(site, date(2026, 11, 30)) == ()
    assert opening(site, date(2026, 12, 1)) != ()


def test_alsace_closes_on_good_friday(registry: Registry) -> None:
    alsace = registry.sites[0].model_copy(update={"public_holidays": "FR-57"})
    assert opening(alsace, date(2026, 4, 3)) == ()
    assert opening(registry.sites[0], date(2026, 4, 3)) != ()


def test_unknown_holidays_are_named(registry: Registry) -> None:
    site = Site.model_validate({**registry.sites[0].model_dump(), "public_holidays": "FR-99X"})
    with pytest.raises(UnknownHolidays, match="FR-99X"):
        opening(site, date(2026, 11, 16))
