"""What the doctor makes of the flow of events."""

from __future__ import annotations

from datetime import date

import pytest

from schemas.reasons import Reason
from services.doctor.findings import Finding, State
from services.doctor.rules import flow

TODAY = date(2026, 11, 25)


def states(found: Finding | list[Finding]) -> list[State]:
    return [one.state for one in (found if isinstance(found, list) else [found])]


@pytest.mark.parametrize(
    ("lags", "expected"),
    [
        ([], [State.WARNING]),
        ([flow.Lag("visit-events", 0, 3)], [State.OK]),
        ([flow.Lag("visit-events", 10_001, 3)], [State.WARNING]),
        ([flow.Lag("visit-events", None, 600)], [State.PROBLEM]),
    ],
)
def test_a_topic_without_a_worker_is_a_problem(lags: list[flow.Lag], expected: list[State]) -> None:
    assert states(flow.judge_lag(lags)) == expected


@pytest.mark.parametrize(
    ("reason", "state"),
    [(Reason.UNKNOWN_DIRECTORATE, State.WARNING), (Reason.NOT_JSON, State.OK)],
)
def test_a_dead_letter_waits_only_if_it_can_be_mended(reason: Reason, state: State) -> None:
    (found,) = flow.judge_dead_letters([flow.Refused(reason, 3, 60)])
    assert found.state is state


@pytest.mark.parametrize(
    ("silent", "expected"),
    [
        ((), [State.OK]),
        (("a",), [State.WARNING]),
        (("a", "b"), [State.PROBLEM]),
    ],
)
def test_a_hall_of_which_nothing_is_heard_is_a_problem(
    silent: tuple[str, ...], expected: list[State]
) -> None:
    devices = [flow.Device("hall", name, 900 if name in silent else 20, 0) for name in "ab"]
    assert states(flow.judge_devices(devices)) == expected


def test_nobody_has_to_be_heard_at_night() -> None:
    assert states(flow.judge_devices([])) == [State.OK]


def test_an_outbox_that_fills_is_named() -> None:
    (found,) = flow.judge_devices([flow.Device("hall", "a", 20, 50)])
    assert (found.state, "a (50)" in found.sentence) == (State.WARNING, True)


@pytest.mark.parametrize(
    ("covered", "open_", "state"),
    [(90, 100, State.OK), (89, 100, State.WARNING), (0, 0, State.OK)],
)
def test_a_day_that_is_hardly_covered_is_named(covered: int, open_: int, state: State) -> None:
    assert states(flow.judge_coverage([("hall", covered, open_)])) == [state]


@pytest.mark.parametrize(
    ("devices", "delay_s", "newest_s", "state"),
    [
        (0, None, None, State.WARNING),
        (0, None, 50_000, State.OK),
        (5, 20, 20, State.OK),
        (5, 900, 900, State.PROBLEM),
    ],
)
def test_silence_counts_while_somebody_should_be_heard(
    devices: int, delay_s: float | None, newest_s: float | None, state: State
) -> None:
    assert flow.judge_newest(devices, delay_s, newest_s).state is state


@pytest.mark.parametrize(
    ("delay_s", "state"), [(None, State.OK), (2, State.OK), (90, State.WARNING)]
)
def test_a_late_publication_is_a_warning(delay_s: float | None, state: State) -> None:
    assert flow.judge_publication(7, delay_s).state is state


def test_a_day_that_stays_provisional_names_who_holds_it_back() -> None:
    days = [flow.Provisional("hall", 2, date(2026, 11, 2))]
    (found,) = flow.judge_provisional(days, ["kiosk-1"])
    assert found.state is State.WARNING
    assert "kiosk-1" in found.sentence
    assert states(flow.judge_provisional([], [])) == [State.OK]


def test_a_day_that_is_not_the_sum_of_its_hours_is_to_be_rebuilt() -> None:
    (found,) = flow.judge_days([("hall", 1, TODAY)])
    assert (found.state, "passage rebuild" in found.remedy) == (State.PROBLEM, True)
    assert states(flow.judge_days([])) == [State.OK]
