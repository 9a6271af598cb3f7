"""What facts mean to the doctor."""

from __future__ import annotations

from datetime import date

import pytest

from schemas.registry import Registry
from services.doctor.findings import Finding, State, exit_code, ok, problem, skipped, span, warning
from services.doctor.rules import clocks, contracts, programs
from services.provision.rights import Right, Subject

TODAY = date(2026, 11, 25)
REQUIREMENTS = ["click>=8.1", 'psycopg>=3.2; extra == "provision"', 'faust>=1; extra == "live"']


def states(found: Finding | list[Finding]) -> list[State]:
    return [one.state for one in (found if isinstance(found, list) else [found])]


@pytest.mark.parametrize(
    ("found", "code"),
    [([], 0), ([ok("x"), warning("x", "y"), skipped("x")], 0), ([ok("x"), problem("x", "y")], 1)],
)
def test_only_a_problem_ends_with_1(found: list[Finding], code: int) -> None:
    assert exit_code(found) == code


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(119, "119 s"), (120, "2 min"), (7_200, "2 h"), (172_800, "2 days")],
)
def test_durations_are_told_in_their_unit(seconds: float, words: str) -> None:
    assert span(seconds) == words


@pytest.mark.parametrize(("running", "state"), [("3.11.0", State.OK), ("3.10.9", State.PROBLEM)])
def test_python_is_held_to_the_project(running: str, state: State) -> None:
    assert programs.judge_python(running, ">=3.11").state is state


@pytest.mark.parametrize(
    ("installed", "named"),
    [
        ({"click": "8.0", "psycopg": "3.2"}, "click 8.0 (wanted >=8.1)"),
        ({"click": "8.1", "psycopg": "3.1"}, "psycopg 3.1 (wanted >=3.2)"),
        ({"psycopg": "3.2"}, "click is missing"),
    ],
)
def test_a_package_that_does_not_fit_is_named(installed: dict[str, str], named: str) -> None:
    (found,) = programs.judge_packages(REQUIREMENTS, installed)
    assert (found.state, named in found.sentence) == (State.PROBLEM, True)


def test_a_part_that_is_not_installed_is_no_problem() -> None:
    (found,) = programs.judge_packages(REQUIREMENTS, {"click": "8.1", "psycopg": "3.2"})
    assert found.state is State.OK
    assert "provision" in found.sentence
    assert "live" not in found.sentence


@pytest.mark.parametrize(
    ("version", "state"), [((4, 0), State.OK), ((2, 2), State.PROBLEM), (None, State.OK)]
)
def test_an_old_broker_is_a_problem(version: tuple[int, ...] | None, state: State) -> None:
    assert programs.judge_kafka(3, version).state is state


@pytest.mark.parametrize(
    ("extension", "library", "state"),
    [
        ("2.19.3", "2.19.3", State.OK),
        ("2.18.0", "2.19.3", State.WARNING),
        (None, "2.19.3", State.PROBLEM),
        ("2.19.3", None, State.PROBLEM),
    ],
)
def test_the_extension_is_held_to_its_library(
    extension: str | None, library: str | None, state: State
) -> None:
    assert programs.judge_timescaledb(extension, library).state is state


@pytest.mark.parametrize(
    ("ahead_s", "unsure_s", "state"),
    [
        (0.5, 0.01, State.OK),
        (-1.9, 0.01, State.OK),
        (3, 0.01, State.WARNING),
        (-3, 0.01, State.WARNING),
        (40, 0.01, State.PROBLEM),
        # The answer was on its way for so long that it says nothing.
        (3, 2.5, State.OK),
    ],
)
def test_clocks_may_differ_by_two_seconds(ahead_s: float, unsure_s: float, state: State) -> None:
    assert clocks.judge_database_clock(ahead_s, unsure_s).state is state


@pytest.mark.parametrize(
    ("newest_ahead_s", "state"),
    [(None, State.OK), (-9_000, State.OK), (5, State.WARNING), (31, State.PROBLEM)],
)
def test_a_quiet_topic_is_no_wrong_clock(newest_ahead_s: float | None, state: State) -> None:
    assert clocks.judge_broker_clock(newest_ahead_s).state is state


@pytest.mark.parametrize(
    ("least_s", "expected"), [(None, []), (0.2, []), (-5, [State.WARNING]), (-60, [State.PROBLEM])]
)
def test_an_event_recorded_before_it_came_tells_of_two_clocks(
    least_s: float | None, expected: list[State]
) -> None:
    assert states(clocks.judge_recording(least_s)) == expected


def test_a_superuser_is_no_working_role() -> None:
    role = contracts.RoleFacts("postgres", True, False, {})
    assert states(contracts.judge_role("writer", role, {})) == [State.PROBLEM]


def test_a_role_without_its_settings_is_a_warning() -> None:
    role = contracts.RoleFacts("passage_reader", False, True, {"TimeZone": "UTC"})
    wanted = {"TimeZone": "UTC", "jit": "off"}
    (found,) = contracts.judge_role("reader", role, wanted)
    assert (found.state, "jit = off" in found.sentence) == (State.WARNING, True)


VISIT = Subject("table", "visit")


@pytest.mark.parametrize(
    ("found", "wanted", "words"),
    [
        (set(), {"SELECT"}, "may not SELECT on table visit"),
        ({"SELECT", "DELETE"}, {"SELECT"}, "may DELETE on table visit, and should not"),
    ],
)
def test_a_right_too_few_or_too_many_is_named(
    found: set[str], wanted: set[str], words: str
) -> None:
    rights = [{Right(VISIT, "reader", one) for one in side} for side in (found, wanted)]
    (finding,) = contracts.judge_rights("reader", *rights)
    assert (finding.state, words in finding.sentence) == (State.PROBLEM, True)


def test_a_registry_that_is_not_the_files_says_how(registry: Registry) -> None:
    same = contracts.judge_registry(3, registry, registry, TODAY)
    assert same.state is State.OK
    fewer = registry.model_copy(update={"devices": registry.devices[1:]})
    other = contracts.judge_registry(3, fewer, registry, TODAY)
    assert other.state is State.PROBLEM
    assert f"add 1 device: {registry.devices[0].code}" in other.sentence


def test_what_provisioning_leaves_alone_is_a_warning() -> None:
    found = contracts.judge_dry_run("topics", ["would make topic x"], ["topic y keeps"], "run it")
    assert states(found) == [State.PROBLEM, State.WARNING]
    assert states(contracts.judge_dry_run("topics", [], [], "run it")) == [State.OK]
