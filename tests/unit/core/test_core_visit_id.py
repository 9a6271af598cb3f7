"""Trap 8: ticket numbers start again each day and wrap; the same ticket is the same visit."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from services.core.calendar import business_date
from services.core.visit_id import hash_appointment, of_appointment, of_ticket

MONDAY = date(2026, 11, 16)


def test_8_every_device_derives_the_same_id() -> None:
    assert of_ticket("creteil", "sejour", MONDAY, "A042") == of_ticket(
        "creteil", "sejour", MONDAY, "A042", wrap=0
    )


def test_8_another_day_queue_site_number_or_run_is_another_visit() -> None:
    ids = {
        of_ticket("creteil", "sejour", MONDAY, "A042"),
        of_ticket("nogent", "sejour", MONDAY, "A042"),
        of_ticket("creteil", "titres", MONDAY, "A042"),
        of_ticket("creteil", "sejour", date(2026, 11, 17), "A042"),
        of_ticket("creteil", "sejour", MONDAY, "A043"),
        of_ticket("creteil", "sejour", MONDAY, "A042", wrap=1),
    }
    assert len(ids) == 6


def test_8_the_day_is_the_sites_and_not_that_of_utc() -> None:
    def ticket_at(*at: int) -> object:
        day = business_date(
            datetime(*at, tzinfo=UTC),  # type: ignore[misc, arg-type]
            time_zone="Europe/Paris",
            starts=time(4),
        )
        return of_ticket("creteil", "sejour", day, "A042")

    late, after_midnight_utc = ticket_at(2026, 7, 13, 23, 30), ticket_at(2026, 7, 14, 1, 30)
    assert late == after_midnight_utc
    assert late != ticket_at(2026, 7, 14, 2)


def test_a_number_is_one_however_many_zeros_it_is_spelled_with() -> None:
    assert of_ticket("creteil", "sejour", MONDAY, "A42") == of_ticket(
        "creteil", "sejour", MONDAY, "A0042"
    )


def test_22_a_test_ticket_is_never_the_visit_of_a_real_one() -> None:
    real = of_ticket("creteil", "sejour", MONDAY, "A042")
    assert of_ticket("creteil", "sejour", MONDAY, "A042", mode="test") != real


def test_an_id_never_changes_for_it_would_cut_running_visits_in_two() -> None:
    assert str(of_ticket("creteil", "sejour", MONDAY, "A042")) == (
        "e5a4610e-83bf-5d7b-a12d-bfb68eae7b63"
    )
    assert str(of_appointment("creteil", "0" * 32)) == "e0a09bcb-bc94-5276-99b8-ff525b788d99"


def test_an_appointment_is_known_by_a_hash_whose_key_lives_one_day() -> None:
    today, tomorrow = (hash_appointment("RDV-1", day_key=key) for key in (b"monday", b"tuesday"))
    assert today != tomorrow
    assert today == hash_appointment(" RDV-1 ", day_key=b"monday")
    assert len(today) == 32
    assert "RDV" not in today
