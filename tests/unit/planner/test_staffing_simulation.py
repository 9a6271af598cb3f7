"""The model against simulation, and the simulation against ciw, which is not ours.

The bounds here are those that docs/staffing.md states.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import ciw
import pytest

from services.planner.staffing import erlang
from services.planner.staffing.backlog import SLOT_S, PeriodLoad, half_hours
from services.planner.staffing.hall import Hall
from services.planner.staffing.simulate import (
    Draw,
    Visitor,
    poisson,
    random_day,
    replayed_day,
    serve,
)

MORNING = PeriodLoad(540, 720, 25.0, (10.0,) * 12)
SERVICE_S = 480.0
WITHIN_S = 1200.0


def through_ciw(visitors: Sequence[Visitor], desks: int, *, leave: bool) -> list[ciw.DataRecord]:
    """The same visitors through ciw's queue, in order of arrival."""
    arrivals = [visitor.at_s for visitor in visitors]
    gaps = [later - sooner for sooner, later in zip([0.0, *arrivals], arrivals, strict=False)]
    patience = ciw.dists.Sequential([visitor.patience_s for visitor in visitors])
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Sequential([*gaps, 1e9])],
        service_distributions=[ciw.dists.Sequential([v.service_s for v in visitors])],
        number_of_servers=[desks],
        reneging_time_distributions=[patience if leave else None],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(1e6)
    return sorted(simulation.get_all_records(), key=lambda record: record.id_number)


@pytest.mark.parametrize("seed", range(5))
def test_every_visitor_waits_as_long_as_in_ciw(seed: int) -> None:
    visitors = random_day(MORNING, Draw(SERVICE_S, 0.7, None), Random(seed))
    theirs = [record.waiting_time for record in through_ciw(visitors, 6, leave=False)]
    ours = [fate.offered_wait_s for fate in serve(visitors, [6] * 6)]
    assert ours == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_the_same_visitors_leave_as_in_ciw(seed: int) -> None:
    # ciw draws a service when it begins: equal ones keep the two in step.
    drawn = random_day(MORNING, Draw(SERVICE_S, 1, 1800), Random(seed))
    visitors = [Visitor(one.at_s, SERVICE_S, one.patience_s) for one in drawn]
    theirs = [
        (record.record_type == "renege", round(record.exit_date, 3))
        for record in through_ciw(visitors, 6, leave=True)
    ]
    ours = [(fate.left, round(fate.ended_s, 3)) for fate in serve(visitors, [6] * 6)]
    assert any(left for left, _ in ours)
    assert ours == theirs


@pytest.mark.parametrize(("desks", "patience_s", "bound"), [(7, None, 0.015), (6, 1800.0, 0.01)])
def test_erlang_agrees_with_ciw_where_nothing_changes(
    desks: int, patience_s: float | None, bound: float
) -> None:
    rate = 10 / 900
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate)],
        service_distributions=[ciw.dists.Exponential(1 / SERVICE_S)],
        number_of_servers=[desks],
        reneging_time_distributions=[ciw.dists.Exponential(1 / patience_s) if patience_s else None],
    )
    ciw.seed(7)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(100_000 / rate)
    records = [one for one in simulation.get_all_records() if one.arrival_date > 500 / rate]
    load = rate * SERVICE_S
    if patience_s is None:
        within = sum(one.waiting_time <= 300 for one in records) / len(records)
        assert erlang.within_c(desks, load, SERVICE_S, 300) == pytest.approx(within, abs=bound)
    else:
        left = sum(one.record_type == "renege" for one in records) / len(records)
        assert erlang.abandoned_a(desks, load, SERVICE_S, patience_s) == pytest.approx(
            left, abs=bound
        )


@pytest.mark.parametrize(
    ("desks", "patience_s", "cv", "bound_slot", "bound_day"),
    [
        pytest.param([6] * 6, None, 1, 0.02, 0.01, id="its own assumptions"),
        pytest.param([9, 8, 6, 6, 5, 5], 3600.0, 1, 0.02, 0.01, id="desks close, patience"),
        pytest.param([9, 8, 6, 6, 5, 5], 3600.0, 0.7, 0.05, 0.02, id="services less spread"),
        pytest.param([8, 7, 6, 6, 6, 6], None, 0.7, 0.08, 0.04, id="nobody leaves"),
        pytest.param([6] * 6, None, 0.7, 0.10, 0.06, id="too few desks"),
    ],
)
def test_the_model_of_an_opening_crowd_is_as_near_to_simulation_as_stated(
    desks: list[int],
    patience_s: float | None,
    cv: float,
    bound_slot: float,
    bound_day: float,
) -> None:
    rng, draw = Random(11), Draw(SERVICE_S, cv, patience_s)
    came, within = [0] * len(desks), [0] * len(desks)
    for _ in range(1500):
        for fate in serve(random_day(MORNING, draw, rng), desks):
            slot = min(int(fate.at_s // SLOT_S), len(desks) - 1)
            came[slot] += 1
            within[slot] += fate.offered_wait_s <= WITHIN_S
    model = [h.within for h in half_hours(Hall(SERVICE_S, patience_s, WITHIN_S), MORNING, desks)]
    simulated = [n / of for n, of in zip(within, came, strict=True)]
    off_slot = max(abs(one - other) for one, other in zip(model, simulated, strict=True))
    arrivals = MORNING.slot_arrivals()
    day = sum(one * n for one, n in zip(model, arrivals, strict=True)) / sum(arrivals)
    off_day = abs(day - sum(within) / sum(came))
    # For docs/staffing.md: pytest -rP shows it.
    print(f"half hour {off_slot:.3f}, day {off_day:.3f}")
    assert off_slot <= bound_slot
    assert off_day <= bound_day


def test_a_desk_that_opens_later_calls_nobody_before() -> None:
    visitors = [Visitor(0.0, 600.0) for _ in range(4)]
    assert [fate.offered_wait_s for fate in serve(visitors, [1, 2])] == [0, 600, 1200, 1800]
    # The second desk of the first half hour finishes whom it serves, and calls nobody more.
    long = [Visitor(0.0, 1500.0) for _ in range(4)]
    assert [fate.offered_wait_s for fate in serve(long, [2, 1])] == [0, 0, 1500, 1500]
    assert [fate.offered_wait_s for fate in serve([*long, Visitor(0.0, 1.0)], [2, 1])][4] == 3000


def test_without_a_desk_at_the_end_there_is_no_answer() -> None:
    with pytest.raises(ValueError, match="nobody would ever be called"):
        serve([Visitor(0.0, 60.0)], [2, 0])


def test_a_replayed_day_has_its_own_numbers() -> None:
    draw = Draw(SERVICE_S, 0.7, None)
    visitors = replayed_day(MORNING, draw, Random(1))
    assert len(visitors) == 25 + 12 * 10
    assert sum(visitor.at_s == 0 for visitor in visitors) == 25
    mean_s = sum(
        visitor.service_s
        for seed in range(40)
        for visitor in replayed_day(MORNING, draw, Random(seed))
    ) / (40 * len(visitors))
    assert mean_s == pytest.approx(SERVICE_S, rel=0.03)
    assert sum(poisson(3.0, Random(seed)) for seed in range(2000)) / 2000 == pytest.approx(
        3, abs=0.1
    )
