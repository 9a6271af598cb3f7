"""A staffing plan for a terminal, and as rows for other programs."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from rich import box
from rich.table import Table

from services.planner.staffing.answer import SIMULATED_DAYS, Answer, SlotAnswer
from services.planner.staffing.days import ChosenDays
from services.planner.staffing.demand import Demand
from services.planner.staffing.patience import FEW
from services.planner.staffing.plan import Target

COLUMNS = (
    "place",
    "weekday",
    "from",
    "to",
    "arrivals_mean",
    "arrivals_p90",
    "at_door_mean",
    "load_erlang",
    "desks_erlang_c",
    "desks_erlang_a",
    "desks_plan",
    "desks",
    "share_within_target",
    "longest_wait_s",
    "days",
)
"""`desks` are those of which the last figures speak: the plan's, or those that were asked about."""


def staffing_table(title: str, found: Answer, target: Target, *, given: bool) -> Table:
    """One line a half hour; `given` adds the desks that were asked about."""
    # No padding, and headings of two lines: eighty columns hold it.
    table = Table(
        title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=0, show_edge=False
    )
    table.add_column("Half hour", no_wrap=True)
    headings = ["At\ndoor", "Arrivals", "9 days\nin 10", "Load", "Erlang\nC", "Erlang\nA", "Plan"]
    headings += ["Asked"] if given else []
    for heading in (*headings, f"Within\n{_minutes(target.within_s)}", "Longest\nwait"):
        table.add_column(heading, justify="right", no_wrap=True)
    for slot in found.slots:
        table.add_row(
            f"{clock(slot.from_min)}–{clock(slot.to_min)}",
            f"{slot.at_door:.0f}" if slot.at_door else "",
            f"{slot.arrivals:.1f}",
            f"≤ {slot.arrivals_p90:.0f}",
            f"{slot.textbook.erlangs:.1f}",
            f"{slot.textbook.by_c}",
            f"{slot.textbook.by_a}",
            f"{slot.planned}",
            *([f"{slot.desks}"] if given else []),
            f"{slot.within:.0%}",
            _minutes(slot.longest_wait_s),
        )
    return table


def notes(
    demand: Demand, chosen: ChosenDays, found: Answer, target: Target, between_s: float
) -> Iterator[str]:
    """What the figures rest on, what if a desk more or less, and how far the model is off."""
    days = len(demand.days)
    yield (
        f"Rests on {days} day{'s' if days != 1 else ''}, {chosen.days[0]} to {chosen.days[-1]}. A "
        f"visitor takes {demand.service.mean_s / 60:.1f} min of a desk, by {demand.service.n} "
        f"services of the whole period; {between_s / 60:.1f} min of it are between two visitors "
        "(assumed: --between)."
    )
    if chosen.unseen:
        yield f"{chosen.unseen} more left out: devices were not heard well enough, or not at all."
    if chosen.other_hours:
        yield f"{chosen.other_hours} more left out: the site had other opening hours."
    yield _patience(demand)
    if demand.after_closing >= 0.05:
        yield f"{demand.after_closing:.1f} arrivals a day after closing are in no half hour."
    for what_if in found.what_if:
        yield (
            f"{_DESKS[what_if.change]}: {_whole_day(what_if.within, target)}, worst half hour "
            + (f"{what_if.worst_half_hour:.0%}.")
        )
    yield (
        f"Model {found.within:.1%}, simulation {found.simulated:.1%} ({SIMULATED_DAYS} days, "
        f"service times spread as measured, standard deviation {demand.service.cv:.2f} of the "
        "mean): the difference is the model's error, and a point or two of chance."
    )
    if found.replayed:
        yield (
            f"Days as they were, replayed: {_mean(found.replayed):.0%} within "
            f"{_minutes(target.within_s)}, from {min(found.replayed):.0%} to "
            f"{max(found.replayed):.0%} by day."
        )
    yield f"The last visitor is done about {_minutes(found.ends_late_s)} after closing."


_DESKS = {-1: "One desk less", 0: "These desks", 1: "One desk more"}


def _patience(demand: Demand) -> str:
    patience = demand.patience
    if patience.mean_s is None:
        return (
            f"Patience cannot be estimated ({patience.gone} gone, {patience.stayed} stayed): the "
            "models let nobody leave, and Erlang A is Erlang C."
        )
    few = f", too few to rely on: fewer than {FEW}" if patience.gone < FEW else ""
    return (
        f"Patience {_minutes(patience.mean_s)} in the mean (exponential), estimated from "
        f"{patience.gone} who were gone when called or seen to leave, against {patience.stayed} "
        f"who stayed{few}."
    )


def rows(place: str, weekday: str, demand: Demand, found: Answer) -> Iterator[dict[str, Any]]:
    """One row a half hour, in `COLUMNS`; times are the site's, waits seconds, shares 0 to 1."""
    for slot in found.slots:
        yield _row(slot) | {"place": place, "weekday": weekday, "days": len(demand.days)}


def _row(slot: SlotAnswer) -> dict[str, Any]:
    return {
        "from": clock(slot.from_min),
        "to": clock(slot.to_min),
        "arrivals_mean": round(slot.arrivals, 2),
        "arrivals_p90": round(slot.arrivals_p90, 2),
        "at_door_mean": round(slot.at_door, 2),
        "load_erlang": round(slot.textbook.erlangs, 3),
        "desks_erlang_c": slot.textbook.by_c,
        "desks_erlang_a": slot.textbook.by_a,
        "desks_plan": slot.planned,
        "desks": slot.desks,
        "share_within_target": round(slot.within, 4),
        "longest_wait_s": round(slot.longest_wait_s),
    }


def write_csv(listed: Sequence[dict[str, Any]], stream: TextIO) -> None:
    """Header first, UTF-8, comma."""
    writer = csv.DictWriter(stream, COLUMNS)
    writer.writeheader()
    writer.writerows(listed)


def write_json(listed: Sequence[dict[str, Any]], stream: TextIO) -> None:
    """One JSON object a line."""
    for row in listed:
        stream.write(json.dumps({column: row[column] for column in COLUMNS}) + "\n")


def clock(minute: int) -> str:
    """`08:30` of minutes after midnight."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _minutes(seconds: float) -> str:
    if seconds >= 5 * 3600:
        return f"{seconds / 3600:.0f} h"
    if seconds >= 60 or seconds == 0:
        return f"{seconds / 60:.0f} min"
    return f"{seconds:.0f} s"


def _whole_day(share: float, target: Target) -> str:
    return f"{share:.0%} of the day within {_minutes(target.within_s)}"


def _mean(shares: Sequence[float]) -> float:
    return sum(shares) / len(shares)
