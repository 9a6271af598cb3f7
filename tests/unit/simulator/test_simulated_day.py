"""A working day of the shipped prefecture: repeatable, plausible, and with every path in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise
from statistics import median
from typing import get_args

import pytest

from schemas.events import Called, CheckedIn, Correction, Heartbeat, TicketIssued, VisitEvent
from schemas.registry import Registry
from services.simulator.simulation import Simulation, generate

MONDAY = date(2026, 11, 16)
FIRST_WEEK = [MONDAY + timedelta(days=4)]


@pytest.fixture(scope="module")
def monday(registry: Registry) -> Simulation:
    return generate(registry, MONDAY)


@pytest.fixture(scope="module")
def quiet_monday(registry: Registry) -> Simulation:
    return generate(registry, MONDAY, scale=0.1)


def _foreigners_services(simulation: Simulation) -> int:
    return sum(
        measures["passages"]
        for key, measures in simulation.truth.buckets.items()
        if key.directorate == "dmi"
    )


def test_the_same_seed_gives_the_same_day(registry: Registry, quiet_monday: Simulation) -> None:
    again = generate(registry, MONDAY, scale=0.1)
    assert again.events == quiet_monday.events
    assert again.truth == quiet_monday.truth


def test_another_seed_gives_another_day(registry: Registry, quiet_monday: Simulation) -> None:
    other = generate(registry, MONDAY, seed=95, scale=0.1)
    assert other.truth.totals != quiet_monday.truth.totals
    assert not {e.event_id for e in other.events} & {e.event_id for e in quiet_monday.events}


def test_a_day_is_the_same_alone_or_among_others(
    registry: Registry, quiet_monday: Simulation
) -> None:
    days = generate(registry, MONDAY - timedelta(days=1), days=2, scale=0.1)
    on_monday = [e for e in days.events if e.occurred_at.date() == MONDAY]
    assert on_monday == list(quiet_monday.events)


@pytest.mark.parametrize("day", FIRST_WEEK, ids=str)
def test_a_working_day_is_as_busy_as_those_of_the_region(registry: Registry, day: date) -> None:
    simulation = generate(registry, day)
    assert 1400 <= _foreigners_services(simulation) <= 2500
    assert 400 <= simulation.truth.visits - _foreigners_services(simulation) <= 1300


@pytest.mark.parametrize("day", [date(2026, 8, 14)], ids=str)
def test_the_season_stays_within_the_range(registry: Registry, day: date) -> None:
    assert 1400 <= _foreigners_services(generate(registry, day)) <= 2500


def test_every_event_type_but_queue_joined_occurs(monday: Simulation) -> None:
    types = {get_args(c.model_fields["type"].annotation)[0] for c in get_args(VisitEvent)}
    seen = {
        get_args(e.event_class.model_fields["type"].annotation)[0]
        for e in monday.events
        if issubclass(e.event_class, get_args(VisitEvent))
    }
    # A kiosk's ticket and a reception's check-in join a queue by themselves.
    assert types - seen == {"queue_joined"}


def test_visitors_come_in_every_way(monday: Simulation) -> None:
    live = [visit for visit in monday.visits if visit.mode == "live"]
    joined = {e.fields["joins"] for e in monday.events if e.event_class is Correction}
    ways = Counter((v.channel, v.ticket, v.check_in) for v in live)
    assert set(ways) == {
        ("kiosk", True, False),
        ("kiosk", True, True),
        ("reception", False, True),
        ("appointment", False, True),
        ("appointment", True, True),
    }
    assert len(joined) > 20
    assert {visit.persons for visit in live} >= {1, 2, 3, 4}


def test_visits_end_in_every_way(monday: Simulation) -> None:
    outcomes = Counter(stay.outcome for visit in monday.visits for stay in visit.stays)
    assert set(outcomes) == {
        "served",
        "no_show",
        "left",
        "cancelled",
        "auto_closed",
        "transferred",
    }
    assert outcomes["served"] > 0.85 * outcomes.total()


def test_a_transfer_goes_to_another_directorate_of_the_same_site(
    registry: Registry, monday: Simulation
) -> None:
    site_of = {queue.code: queue.site for queue in registry.queues}
    moves = [v.stays for v in monday.visits if len(v.stays) > 1]
    assert moves
    for stays in moves:
        for before, after in pairwise(stays):
            assert before.outcome == "transferred"
            assert before.directorate != after.directorate
            assert site_of[before.queue] == site_of[after.queue]


def test_a_test_ticket_is_drawn_before_the_doors_open(monday: Simulation) -> None:
    opened = min(e.occurred_at for e in monday.events if e.event_class is Heartbeat)
    tests = [e for e in monday.events if e.fields.get("mode") == "test"]
    assert {e.event_class.__name__ for e in tests} == {"TicketIssued", "Cancelled"}
    assert all(e.occurred_at < opened + timedelta(hours=1) for e in tests)


def test_people_wait_for_ten_to_ninety_minutes_at_the_peak(monday: Simulation) -> None:
    waits = defaultdict(list)
    for visit in monday.visits:
        for stay in visit.stays:
            if stay.first_called_ms is not None:
                waits[stay.queue].append((stay.first_called_ms - stay.began_ms) / 60_000)
    for queue in ("etr-sejour", "etr-remise", "nat-asile"):
        longest = sorted(waits[queue])[int(len(waits[queue]) * 0.9)]
        assert 10 <= longest <= 90, queue
    assert 5 <= median(wait for of_queue in waits.values() for wait in of_queue) <= 60


def test_those_who_wait_at_the_door_come_as_a_batch(monday: Simulation) -> None:
    sejour = [v for v in monday.visits if v.stays[0].queue == "etr-sejour"]
    quarters = Counter(v.arrived_ms // (15 * 60_000) for v in sejour)
    opening = quarters[min(quarters) + 1]
    assert opening > 1.8 * sum(quarters.values()) / len(quarters)


def test_the_morning_is_the_peak_and_lunch_is_quiet(monday: Simulation) -> None:
    hours = Counter[int]()
    for key, measures in monday.truth.buckets.items():
        hours[key.start_ms // 3_600_000 % 24 + 1] += measures["passages"]
    assert hours[9] > hours[10] > hours[12]
    assert hours[12] < hours[14]


def test_nobody_is_called_before_the_desks_open(monday: Simulation) -> None:
    calls = [e for e in monday.events if e.event_class is Called and e.site == "creteil-etrangers"]
    assert min(e.occurred_at for e in calls).strftime("%H:%M") >= "07:30"


def test_a_queue_numbers_its_tickets_from_one_in_the_order_of_time(monday: Simulation) -> None:
    numbers = [
        int(e.fields["number"][1:])
        for e in monday.events
        if e.event_class is TicketIssued and e.fields["queue"] == "etr-sejour"
    ]
    assert numbers == list(range(1, len(numbers) + 1))


def test_numbers_start_over_after_999(registry: Registry) -> None:
    site = next(site for site in registry.sites if site.code == "creteil-etrangers")
    busy = generate(registry.model_copy(update={"sites": (site,)}), MONDAY, scale=3.0)
    tickets = [
        (e.fields.get("wrap", 0), e.fields["number"])
        for e in busy.events
        if e.event_class is TicketIssued and e.fields["queue"] == "etr-sejour"
    ]
    after = tickets.index((0, "S999")) + 1
    assert tickets[after] == (1, "S001")
    assert len({e.fields["visit_id"] for e in busy.events if e.event_class is TicketIssued}) == sum(
        e.event_class is TicketIssued for e in busy.events
    )


def test_a_check_in_by_number_has_the_id_of_its_ticket(monday: Simulation) -> None:
    tickets = {
        (e.fields["queue"], e.fields["number"]): e.fields["visit_id"]
        for e in monday.events
        if e.event_class is TicketIssued
    }
    by_number = [e for e in monday.events if e.event_class is CheckedIn and "number" in e.fields]
    assert len(by_number) > 100
    for event in by_number:
        number = (event.fields["queue"], event.fields["number"])
        assert event.fields["visit_id"] == tickets[number]


def test_no_two_turns_of_a_visitor_share_a_millisecond(monday: Simulation) -> None:
    turns = Counter(
        (e.fields["visit_id"], e.occurred_at) for e in monday.events if "visit_id" in e.fields
    )
    assert max(turns.values()) == 1


def test_a_device_beats_every_minute_while_its_site_is_open(monday: Simulation) -> None:
    beats = Counter(e.device for e in monday.events if e.event_class is Heartbeat)
    assert beats["etr-borne-1"] == 450
    # Closed from 12:00 to 13:30.
    assert beats["lhay-borne-1"] == 330
