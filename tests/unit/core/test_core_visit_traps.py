"""One visit, told in the ways in which visits go wrong. Numbers are the traps of domain.md §4."""

from __future__ import annotations

from itertools import permutations

import pytest

from services.core.facts import Fact
from services.core.footfall import difference
from services.core.visits import fold, union
from tests.unit.core.histories import DCL, DMI, counts, fact, visit_of

TICKET = fact("ticket_issued", 0, **DMI, channel="kiosk")
CHECK_IN = fact("checked_in", 2, **DMI, channel="reception")
CALL = fact("called", 10)
START = fact("service_started", 11)
END = fact("service_ended", 21)
SERVED = (TICKET, CALL, START, END)


def test_1_a_ticket_and_a_check_in_are_one_passage_in_any_order() -> None:
    for facts in permutations((TICKET, CHECK_IN, CALL, START)):
        assert counts(visit_of(*facts)) == {
            **{"passages": 1, "persons": 1, "tickets": 1, "check_ins": 1, "queue_entries": 1},
            **{"waits": 1, "wait_ms": 600_000, "last_call_waits": 1, "last_call_wait_ms": 600_000},
        }


def test_2_a_ticket_that_comes_weeks_late_lands_in_its_own_quarter_hour() -> None:
    before, after = visit_of(CALL, START, END), visit_of(*SERVED)
    assert not difference((), [before])  # nobody knows where yet
    (key,) = difference([before], [after]).measures
    assert key.bucket_start_us == TICKET.at_us


def test_3_a_duplicate_changes_nothing() -> None:
    assert visit_of(*SERVED, *SERVED) == visit_of(*SERVED)


def test_two_events_of_one_type_at_one_instant_are_both_kept() -> None:
    twice = visit_of(TICKET, fact("ticket_issued", 0, "other", **DMI, channel="kiosk"))
    assert (twice.tickets, len(twice.stays)) == (2, 1)


@pytest.mark.parametrize("first", [0, 1])
def test_5_a_repaired_time_replaces_an_uncertain_one_whichever_comes_first(first: int) -> None:
    uncertain = fact("ticket_issued", 300, "t", **DMI, channel="kiosk", uncertain=True)
    repaired = fact("ticket_issued", 1, "t", **DMI, channel="kiosk", repaired=True)
    versions = [uncertain, repaired]
    visit = visit_of(versions[first], versions[1 - first], CALL)
    assert counts(visit)["wait_ms"] == 9 * 60_000
    assert not visit.time_uncertain


def test_5_a_visit_whose_time_nobody_knows_is_counted_apart() -> None:
    visit = visit_of(
        fact("ticket_issued", 300, **DMI, channel="kiosk", uncertain=True), CALL, START
    )
    assert counts(visit) == {"time_uncertain": 1}


def test_5_a_check_in_whose_time_is_known_dates_a_visit_whose_ticket_lied() -> None:
    # Where the ticket was received, before or after the check-in, must not matter.
    visits = [
        visit_of(fact("ticket_issued", at, "t", **DMI, channel="kiosk", uncertain=True), CHECK_IN)
        for at in (1, 300)
    ]
    for visit in visits:
        assert counts(visit)["passages"] == 1
        assert visit.stays[0].started_us == CHECK_IN.at_us
        assert "wait_ms" not in counts(visit)


def test_5_a_transfer_does_not_replace_the_ticket_whose_clock_lied() -> None:
    ticket = fact("ticket_issued", 1, **DMI, channel="kiosk", uncertain=True)
    joined = fact("queue_joined", 9, **DCL)
    assert counts(visit_of(ticket, fact("transferred", 8, **DCL), joined)) == {"time_uncertain": 1}


def test_9_a_visit_over_midnight_stays_where_it_began() -> None:
    night = 15 * 60  # from nine in the morning
    visit = visit_of(TICKET, fact("called", night + 5), fact("service_ended", night + 20))
    (key,) = difference((), [visit]).measures
    assert key.bucket_start_us == TICKET.at_us


def test_11_a_transfer_is_one_passage_at_the_first_and_a_stay_at_each() -> None:
    visit = visit_of(*SERVED[:3], fact("transferred", 15, **DCL), fact("called", 20))
    by_directorate = {key.directorate: row for key, row in difference((), [visit]).measures.items()}
    assert by_directorate["dmi"]["passages"] == 1
    assert "passages" not in by_directorate["dcl"]
    assert [row["queue_entries"] for row in by_directorate.values()] == [1, 1]
    assert by_directorate["dmi"]["transferred"] == 1
    assert by_directorate["dcl"]["wait_ms"] == 5 * 60_000


def test_11_joining_the_queue_that_a_transfer_named_is_the_same_stay() -> None:
    visit = visit_of(TICKET, fact("transferred", 15, **DCL), fact("queue_joined", 16, **DCL))
    assert [stay.directorate for stay in visit.stays] == ["dmi", "dcl"]


@pytest.mark.parametrize(("after_minutes", "redirected"), [(0.99, 1), (1, 0)])
def test_12_a_wrong_choice_of_button_is_shown_apart(after_minutes: float, redirected: int) -> None:
    counted = counts(visit_of(TICKET, fact("transferred", after_minutes, **DCL)))
    assert (counted["redirected"], counted["waits"]) == (redirected, 0)


def test_12_a_stay_that_was_called_was_no_wrong_choice() -> None:
    visit = visit_of(TICKET, fact("called", 0.2), fact("transferred", 0.5, **DCL))
    assert counts(visit)["redirected"] == 0


def test_13_a_correction_of_the_arrival_leaves_no_passage() -> None:
    assert counts(visit_of(TICKET, CALL, _correction("c1", TICKET.event_id))) == {}


def test_13_a_correction_of_a_correction_restores_what_it_took_back() -> None:
    undone = _correction("c1", TICKET.event_id)
    for facts in permutations((TICKET, undone, _correction("c2", "c1"))):
        assert counts(visit_of(*facts))["passages"] == 1
    again = visit_of(TICKET, undone, _correction("c2", "c1"), _correction("c3", "c2"))
    assert counts(again) == {}


def test_13_corrections_in_a_circle_do_nothing() -> None:
    circle = (_correction("c1", "c2"), _correction("c2", "c1"), _correction("c3", "c3"))
    assert visit_of(*SERVED, *circle) == visit_of(*SERVED)


def test_13_what_was_cancelled_lives_again_when_it_is_called_or_checked_in() -> None:
    cancelled = fact("cancelled", 5)
    assert visit_of(TICKET, cancelled).state == "cancelled"
    assert visit_of(TICKET, cancelled, CALL).state == "called"
    assert visit_of(TICKET, cancelled, fact("checked_in", 6, **DMI)).state == "waiting"


def test_14_both_the_first_and_the_last_call_are_kept() -> None:
    counted = counts(visit_of(TICKET, CALL, fact("recalled", 12), fact("recalled", 15)))
    assert (counted["wait_ms"], counted["last_call_wait_ms"]) == (600_000, 900_000)


def test_14_a_no_show_who_comes_back_is_served() -> None:
    visit = visit_of(TICKET, CALL, fact("no_show", 11), fact("returned", 30), fact("called", 40))
    assert visit.state == "called"
    served = visit_of(*SERVED[:2], fact("no_show", 10.5), START, END)
    assert counts(served)["served"] == 1
    assert counts(served)["no_show"] == 0


def test_15_persons_said_stand_before_persons_assumed() -> None:
    assumed = fact("checked_in", 2, **DMI, persons_assumed=1)
    said = fact("ticket_issued", 0, **DMI, persons=4)
    for facts in permutations((assumed, said)):
        assert (visit_of(*facts).persons, counts(visit_of(*facts))["passages"]) == (4, 1)


def test_16_who_left_was_not_served_and_waited_for_no_known_time() -> None:
    counted = counts(visit_of(TICKET, fact("left", 40)))
    assert (counted["left"], counted["served"], counted["waits"]) == (1, 0, 0)


def test_17_an_auto_closed_visit_is_never_served_and_has_no_service_time() -> None:
    counted = counts(visit_of(*SERVED[:3], fact("auto_closed", 600)))
    assert (counted["auto_closed"], counted["served"], counted["services"]) == (1, 0, 0)


def test_17_a_late_service_takes_the_place_of_the_auto_close() -> None:
    counted = counts(visit_of(*SERVED, fact("auto_closed", 600)))
    assert (counted["auto_closed"], counted["served"], counted["service_ms"]) == (0, 1, 600_000)


def test_18_a_service_without_ticket_is_a_direct_passage_without_wait() -> None:
    counted = counts(visit_of(fact("service_started", 11, **DMI), END))
    assert (counted["passages"], counted["direct"], counted["waits"]) == (1, 1, 0)
    # Its call shows that there was a ticket; until it comes, the wait is absent, not zero.
    called = counts(visit_of(CALL, fact("service_started", 11, **DMI), END))
    assert (called["direct"], called["waits"]) == (1, 0)
    late = counts(visit_of(*SERVED[:2], fact("service_started", 11, **DMI), END))
    assert (late["direct"], late["waits"], late["wait_ms"]) == (0, 1, 600_000)


@pytest.mark.parametrize("position", range(4))
def test_22_one_test_event_makes_the_whole_visit_a_test(position: int) -> None:
    facts = [
        one._replace(details=one.details | {"test": True}) if i == position else one
        for i, one in enumerate(SERVED)
    ]
    assert counts(visit_of(*facts)) == {"test": 1}


def test_22_a_test_event_taken_back_was_no_test() -> None:
    trial = fact("called", 3, "trial", test=True)
    assert counts(visit_of(TICKET, trial, _correction("c1", "trial")))["passages"] == 1


def test_23_a_ticket_drawn_at_home_is_no_passage_until_its_holder_comes() -> None:
    online = fact("ticket_issued", -60, **DMI, channel="online")
    assert counts(visit_of(online, fact("called", 1), fact("no_show", 2))) == {}
    came = counts(visit_of(online, CHECK_IN))
    assert (came["passages"], came["tickets"], came["check_ins"]) == (1, 1, 1)


def test_23_a_call_missed_from_home_does_not_end_the_visit_that_follows() -> None:
    online = fact("ticket_issued", -60, **DMI, channel="online")
    missed = (fact("called", -30), fact("no_show", -25))
    visit = visit_of(online, *missed, CHECK_IN)
    assert visit.state == "waiting"
    assert counts(visit_of(online, *missed, CHECK_IN, CALL))["wait_ms"] == 8 * 60_000


def test_a_call_stamped_seconds_before_its_ticket_belongs_to_it() -> None:
    counted = counts(visit_of(TICKET, fact("called", -0.1), fact("no_show", 5)))
    assert (counted["waits"], counted["wait_ms"], counted["no_show"]) == (1, 0, 1)


def test_where_nobody_is_called_the_check_in_ends_the_wait() -> None:
    check_in = fact("checked_in", 7, **DMI, ends_wait=True)
    assert counts(visit_of(TICKET, check_in))["wait_ms"] == 7 * 60_000
    # Without a ticket there is no begin of a wait: it is absent, not zero.
    assert counts(visit_of(check_in))["waits"] == 0


def test_two_sites_in_one_visit_each_have_their_stay_and_the_first_its_passage() -> None:
    there = fact("queue_joined", 30, site="nogent", **DCL)
    rows = difference((), [visit_of(TICKET, there)]).measures
    assert {key.site: row.get("passages", 0) for key, row in rows.items()} == {
        "creteil": 1,
        "nogent": 0,
    }


@pytest.mark.parametrize(("minute", "bucket_minute"), [(-0.0001, -15), (0, 0), (14.9999, 0)])
def test_25_a_passage_on_the_boundary_falls_in_the_quarter_that_begins(
    minute: float, bucket_minute: int
) -> None:
    (key,) = difference((), [visit_of(fact("ticket_issued", minute, **DMI))]).measures
    assert key.bucket_start_us == fact("left", bucket_minute).at_us


def test_27_outcome_and_wait_are_dated_by_arrival_and_never_exceed_it() -> None:
    late = visit_of(TICKET, fact("called", 70), fact("service_started", 71), fact("left", 200))
    (row,) = difference((), [late]).measures.values()
    assert (row["queue_entries"], row["left"], row["waits"]) == (1, 1, 1)


def test_the_earliest_and_the_latest_times_that_can_be_stored_do_not_break_the_fold() -> None:
    far = 250_000_000_000_000_000  # the year 9892
    visit = fold(union([TICKET._replace(at_us=0), END._replace(at_us=far)]))
    assert counts(visit)["served"] == 1
    served = union([*SERVED[:3], END._replace(at_us=far)])
    assert counts(fold(served))["service_ms"] == (far - START.at_us) // 1000


def _correction(event_id: str, corrects: str) -> Fact:
    return fact("correction", 400, event_id, corrects=corrects)
