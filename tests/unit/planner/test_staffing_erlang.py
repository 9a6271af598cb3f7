"""Erlang's formulas: published values, their relations, and an independent computation."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.planner.staffing import erlang

DESKS = st.integers(1, 60)
LOADS = st.floats(0.05, 80)
SERVICE_S = st.floats(60, 1800)
WITHIN_S = st.floats(0, 3600)
PATIENCE_S = st.floats(60, 7200)


@pytest.mark.parametrize(
    ("desks", "load", "blocked"),
    # Tables of Erlang's first formula: the load that so many lines carry at a loss of 1 %.
    [(1, 0.0101, 0.01), (5, 1.361, 0.01), (10, 4.461, 0.01), (20, 12.03, 0.01), (100, 84.06, 0.01)],
)
def test_erlang_b_is_that_of_the_tables(desks: int, load: float, blocked: float) -> None:
    assert erlang.erlang_b(desks, load) == pytest.approx(blocked, abs=1e-5)


def test_the_textbook_example_needs_fourteen_desks() -> None:
    # 100 arrivals in 30 minutes, 3 minutes each, 80 % within 20 seconds.
    needed = erlang.desks_for(0.8, lambda desks: erlang.within_c(desks, 10.0, 180, 20))
    assert needed == 14
    assert erlang.within_c(14, 10.0, 180, 20) == pytest.approx(0.888, abs=5e-4)
    assert erlang.erlang_c(14, 10.0) == pytest.approx(0.174, abs=5e-4)


def test_impatience_changes_waits_as_garnett_mandelbaum_and_reiman_show() -> None:
    # "Designing a call center with impatient customers" (2002): 48 calls a minute of one minute, 50
    # agents: mean wait 20.8 s; with patience of 2 minutes, 3.1 % leave and it is 3.7 s.
    assert erlang.erlang_c(50, 48) * 60 / (50 - 48) == pytest.approx(20.8, abs=0.05)
    left = erlang.abandoned_a(50, 48, 60, 120)
    assert left == pytest.approx(0.031, abs=5e-4)
    assert left * 120 == pytest.approx(3.7, abs=0.05)  # mean wait = patience × share who leave


@given(DESKS, LOADS, SERVICE_S, WITHIN_S)
def test_without_end_of_patience_erlang_a_is_erlang_c(
    desks: int, load: float, service_s: float, within_s: float
) -> None:
    if load > 0.97 * desks:
        return  # C has no settled queue there
    patient = erlang.within_a(desks, load, service_s, service_s * 1e6, within_s)
    assert patient == pytest.approx(erlang.within_c(desks, load, service_s, within_s), abs=2e-3)


@given(DESKS, LOADS, SERVICE_S)
def test_without_any_patience_erlang_a_is_erlang_b(
    desks: int, load: float, service_s: float
) -> None:
    left = erlang.abandoned_a(desks, load, service_s, service_s * 1e-7)
    assert left == pytest.approx(erlang.erlang_b(desks, load), abs=1e-4)


@given(DESKS, LOADS, SERVICE_S, PATIENCE_S, WITHIN_S)
def test_more_desks_never_make_the_wait_longer(
    desks: int, load: float, service_s: float, patience_s: float, within_s: float
) -> None:
    for patience in (None, patience_s):
        fewer = erlang.within_a(desks, load, service_s, patience, within_s)
        more = erlang.within_a(desks + 1, load, service_s, patience, within_s)
        assert 0 <= fewer <= more + 1e-12 <= 1 + 1e-9
    assert erlang.erlang_b(desks, load) <= erlang.erlang_c(desks, load) + 1e-12


@given(st.integers(1, 25), st.floats(0.1, 30), SERVICE_S, PATIENCE_S)
def test_erlang_a_is_the_birth_and_death_process(
    desks: int, load: float, service_s: float, patience_s: float
) -> None:
    logarithms = [0.0]
    while logarithms[-1] > max(logarithms) - 40 or len(logarithms) <= desks + load:
        n = len(logarithms)
        leaving = min(n, desks) / service_s + max(0, n - desks) / patience_s
        logarithms.append(logarithms[-1] + math.log(load / service_s / leaving))
    weights = [math.exp(one - max(logarithms)) for one in logarithms]
    chances = [one / sum(weights) for one in weights]
    waiting = sum(max(0, n - desks) * chance for n, chance in enumerate(chances))
    left = waiting / patience_s / (load / service_s)
    assert erlang.abandoned_a(desks, load, service_s, patience_s) == pytest.approx(left, abs=1e-8)
    called_at_once = erlang.within_a(desks, load, service_s, patience_s, 0.0)
    assert called_at_once == pytest.approx(sum(chances[:desks]), abs=1e-8)


@pytest.mark.parametrize("desks", [300, 1000, 3000])
@pytest.mark.parametrize("ratio", [0.01, 0.9, 1.0, 1.5])
def test_hundreds_of_desks_are_no_problem(desks: int, ratio: float) -> None:
    shares = (
        erlang.erlang_b(desks, desks * ratio),
        erlang.erlang_c(desks, desks * ratio),
        erlang.within_a(desks, desks * ratio, 600, 3600, 1200),
        erlang.abandoned_a(desks, desks * ratio, 600, 3600),
    )
    assert all(math.isfinite(share) and 0 <= share <= 1 for share in shares)
    # In overload, what the desks cannot serve leaves.
    assert shares[3] >= max(0.0, 1 - 1 / ratio) - 1e-9


@given(st.integers(1, 200), st.integers(1, 300))
def test_the_search_finds_the_fewest_desks_from_any_guess(needed: int, guess: int) -> None:
    found = erlang.desks_for(0.5, lambda desks: float(desks >= needed), guess=guess)
    assert found == needed
