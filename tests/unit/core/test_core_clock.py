"""Trap 5: clocks that lie, and what is made of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from schemas.events import Called, Clock
from services.core.clock import EARLIEST, TOLERANCE, BootAnchor, anchor_of, correct
from services.core.decisions import BACKFILL_HORIZON

RECEIVED = datetime(2026, 11, 16, 9, tzinfo=UTC)
ZERO = RECEIVED - timedelta(hours=1)
ANCHOR = BootAnchor(1, ZERO)
"""The device had started an hour before."""
INSTANT = timedelta(microseconds=1)


def called(at: datetime, *, synced: bool, monotonic_ms: int = 600_000, **changed: Any) -> Called:
    return Called(
        **{
            "type": "called",
            "version": 1,
            "event_id": UUID(int=1),
            "source": "g1",
            "boot_id": UUID(int=2),
            "seq": 5,
            "monotonic_ms": monotonic_ms,
            "occurred_at": at,
            "clock": Clock(synced=synced),
            "site": "creteil",
            "visit_id": UUID(int=3),
        }
        | changed
    )


def corrected(event: Called, anchor: BootAnchor | None = None) -> tuple[datetime, str]:
    return correct(event, received_at=RECEIVED, anchor=anchor, horizon=BACKFILL_HORIZON)


def test_a_synced_clock_is_believed_however_late_its_event_comes() -> None:
    three_weeks_ago = RECEIVED - timedelta(weeks=3)
    assert corrected(called(three_weeks_ago, synced=True)) == (three_weeks_ago, "stated")
    a_year_ago = RECEIVED - timedelta(days=365)
    assert corrected(called(a_year_ago, synced=True)) == (a_year_ago, "stated")


@pytest.mark.parametrize("year", [1, 1970, 1999])
@pytest.mark.parametrize("synced", [True, False])
def test_a_clock_without_power_is_not_believed(year: int, synced: bool) -> None:
    event = called(datetime(year, 1, 1, 0, 5, tzinfo=UTC), synced=synced)
    assert corrected(event) == (RECEIVED, "uncertain")


def test_an_unsynced_clock_of_2000_is_too_old_to_be_believed() -> None:
    assert corrected(called(EARLIEST, synced=False)) == (RECEIVED, "uncertain")


def test_the_boot_anchor_repairs_what_an_unsynced_clock_said() -> None:
    event = called(datetime(1970, 1, 1, 0, 10, tzinfo=UTC), synced=False)
    assert corrected(event, ANCHOR) == (ZERO + timedelta(minutes=10), "boot_anchor")


def test_an_unsynced_clock_that_is_plausible_is_taken_at_its_word() -> None:
    an_hour_ago = RECEIVED - timedelta(hours=1)
    assert corrected(called(an_hour_ago, synced=False)) == (an_hour_ago, "stated")


@pytest.mark.parametrize("sign", [-1, 1])
def test_an_unsynced_clock_within_the_tolerance_of_the_anchor_is_taken_at_its_word(
    sign: int,
) -> None:
    true = ZERO + timedelta(minutes=10)
    near, far = true + sign * TOLERANCE, true + sign * (TOLERANCE + INSTANT)
    assert corrected(called(near, synced=False), ANCHOR) == (near, "stated")
    assert corrected(called(far, synced=False), ANCHOR) == (true, "boot_anchor")


def test_an_anchor_does_not_overrule_a_synced_clock() -> None:
    stepped = ZERO + timedelta(minutes=40)
    assert corrected(called(stepped, synced=True), ANCHOR) == (stepped, "stated")


def test_a_stamp_past_its_arrival_is_believed_up_to_the_tolerance() -> None:
    assert corrected(called(RECEIVED + TOLERANCE, synced=True))[1] == "stated"
    beyond = called(RECEIVED + TOLERANCE + INSTANT, synced=True)
    assert corrected(beyond) == (RECEIVED, "uncertain")


def test_an_unsynced_clock_is_believed_up_to_the_horizon() -> None:
    edge = RECEIVED - BACKFILL_HORIZON
    assert corrected(called(edge, synced=False)) == (edge, "stated")
    assert corrected(called(edge - INSTANT, synced=False)) == (RECEIVED, "uncertain")


@pytest.mark.parametrize(
    "anchor",
    [
        BootAnchor(1, RECEIVED),  # ten minutes from now
        BootAnchor(1, datetime(1999, 12, 31, tzinfo=UTC)),
        BootAnchor(1, datetime.max.replace(tzinfo=UTC)),
    ],
)
def test_an_anchor_that_leads_nowhere_is_passed_over(anchor: BootAnchor) -> None:
    an_hour_ago = RECEIVED - timedelta(hours=1)
    assert corrected(called(an_hour_ago, synced=False), anchor) == (an_hour_ago, "stated")


def anchor(event: Called) -> BootAnchor | None:
    return anchor_of(event, received_at=RECEIVED, horizon=BACKFILL_HORIZON)


def test_a_synced_event_anchors_its_boot_at_monotonic_zero() -> None:
    event = called(ZERO + timedelta(minutes=10), synced=True)
    assert anchor(event) == BootAnchor(5, ZERO)


@pytest.mark.parametrize(
    "event",
    [
        called(RECEIVED, synced=False),
        called(EARLIEST - INSTANT, synced=True),
        called(RECEIVED + TOLERANCE + INSTANT, synced=True),  # it says so, and is wrong
        called(RECEIVED - BACKFILL_HORIZON - INSTANT, synced=True),
        called(RECEIVED, synced=True, monotonic_ms=2**53 - 1),  # before the year 1
    ],
)
def test_an_event_that_knows_no_true_time_is_no_anchor(event: Called) -> None:
    assert anchor(event) is None


def test_a_monotonic_time_past_all_calendars_is_no_repair() -> None:
    event = called(RECEIVED, synced=False, monotonic_ms=2**53 - 1)
    assert corrected(event, ANCHOR) == (RECEIVED, "stated")
