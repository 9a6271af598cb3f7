"""What if: more demand, a bureau moved, a closure day. Each turns one demand into another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from services.planner.staffing.backlog import PeriodLoad
from services.planner.staffing.demand import PIECE_MIN, DayLoad, Demand, Service


def scaled(demand: Demand, factor: float) -> Demand:
    """Every arrival `factor` times, the crowd too. Raises ValueError below 0."""
    if factor < 0:
        raise ValueError(f"demand cannot be {factor} times what it is")
    return replace(
        demand,
        days=tuple(
            tuple(
                replace(
                    load,
                    crowd=load.crowd * factor,
                    pieces=tuple(piece * factor for piece in load.pieces),
                )
                for load in day
            )
            for day in demand.days
        ),
    )


def joined(demand: Demand, other: Demand) -> Demand:
    """The mean day of `other` comes to the same desks on top, at the same time of day.

    Serves a bureau that moves here and a closed day whose visitors come on this one. Who would come
    while this place is closed stands at the door when it opens next; after the last closing, at the
    first opening. Patience stays that of `demand`, where it is known.
    """
    extra = other.mean()
    return replace(
        demand,
        days=tuple(_laid_on(day, extra) for day in demand.days),
        service=_mixed(demand.service, demand.total(), other.service, other.total()),
        patience=demand.patience if demand.patience.mean_s is not None else other.patience,
    )


def more_desks(desks: Sequence[int], change: int) -> list[int]:
    """So many desks more in every half hour, or less, but one at least."""
    return [max(1, one + change) for one in desks]


def _laid_on(day: DayLoad, extra: DayLoad) -> DayLoad:
    crowds = [load.crowd for load in day]
    pieces = [list(load.pieces) for load in day]

    def add(minute: int, visitors: float, *, at_opening: bool) -> None:
        for i, load in enumerate(day):
            if minute < load.opens_min or (at_opening and minute == load.opens_min):
                crowds[i] += visitors
                return
            if minute < load.closes_min:
                pieces[i][(minute - load.opens_min) // PIECE_MIN] += visitors
                return
        crowds[0] += visitors

    for load in extra:
        add(load.opens_min, load.crowd, at_opening=True)
        for piece, visitors in enumerate(load.pieces):
            add(load.opens_min + piece * PIECE_MIN, visitors, at_opening=False)
    return tuple(
        PeriodLoad(load.opens_min, load.closes_min, crowd, tuple(counts))
        for load, crowd, counts in zip(day, crowds, pieces, strict=True)
    )


def _mixed(one: Service, n_one: float, other: Service, n_other: float) -> Service:
    """Service times of two kinds of visitors together, in the proportion in which they come."""
    if n_one + n_other <= 0:
        return one
    weight = n_one / (n_one + n_other)
    mean_s = weight * one.mean_s + (1 - weight) * other.mean_s
    square = weight * one.mean_s**2 * (1 + one.cv**2)
    square += (1 - weight) * other.mean_s**2 * (1 + other.cv**2)
    return Service(mean_s, math.sqrt(max(0.0, square / mean_s**2 - 1)), one.n + other.n)
