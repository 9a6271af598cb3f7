"""An import from files to buckets: read, check against what is stored, change month by month."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from schemas.registry import Device, Site
from services.audit.compare import surplus
from services.core.calendar import MIDNIGHT, instant
from services.core.decisions import RegistryIndex
from services.core.footfall import Footfall
from services.importer.errors import ImportRefused
from services.importer.local_times import LocalClock
from services.importer.mapping import ChannelFrom, Mapping, ServiceFrom
from services.importer.plan import MonthChange, by_month, change_of, months, of_other_files
from services.importer.reading import Reading
from services.importer.rows import Place
from services.importer.store import ImportStore
from services.planner.reference import Reference, UnknownCode
from services.processor.store import Store
from services.runtime.registry import read_registry_async

_SHOWN = 3


@dataclass
class Plan:
    """What an import would change; `months` in order, those without a change included."""

    months: list[MonthChange]
    wanted: dict[date, Footfall] = field(default_factory=dict)
    """By the first day of the month's part."""
    closed: list[tuple[date, str]] = field(default_factory=list)
    """Days with rows on which the registry has the site closed."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        return not any(self.months)


def find_source(registry: RegistryIndex, source: str) -> tuple[Device, Site]:
    """The device that stands for the old system, and its site. Raises ImportRefused."""
    device = registry.devices.get(source)
    if device is None:
        raise ImportRefused(
            f"source {source!r} is no device of the registry; add the old system to it under"
            f" `devices`, for the time it recorded, such as {{code: {source}, site: SITE, kind:"
            " kiosk, valid_from: 2023-01-01, valid_to: 2026-01-05}, and run `passage provision"
            " registry FILE`"
        )
    if device.kind == "gateway":
        raise ImportRefused(
            f"source {source!r} is a gateway, which vouches for nothing; make its kind kiosk,"
            " reception or desk"
        )
    return device, registry.sites[device.site]


def place_of(registry: RegistryIndex, site: Site, mapping: Mapping, now: datetime) -> Place:
    """Where and by which clock rows are read. Raises ImportRefused for an unknown code."""
    known = Reference(
        {one.code: one.name for one in registry.registry.sites},
        {one.code: one.name for one in registry.registry.directorates},
        {one.code: one.name for one in registry.registry.services},
        {one.code: one.time_zone for one in registry.registry.sites},
    )
    try:
        known.check("service", tuple(_codes(mapping.service)))
        known.check("channel", tuple(_codes(mapping.channel)))
    except UnknownCode as error:
        raise ImportRefused(f"the mapping names an {error}") from None
    zone = ZoneInfo(site.time_zone)
    today = now.astimezone(zone).date()
    return Place(
        site.code,
        LocalClock(zone, mapping.ambiguous),
        registry.services,
        site.wait_ends == "check_in",
        instant(today, MIDNIGHT, site.time_zone),
    )


def _codes(of: str | ServiceFrom | ChannelFrom) -> list[str]:
    if isinstance(of, str):
        return [of]
    return [code for code in (of.values or {}).values() if code is not None]


@asynccontextmanager
async def open_store(url: str) -> AsyncIterator[tuple[Store, RegistryIndex]]:
    """A connection as the writer, with the newest registry."""
    store = await Store.connect(url)
    try:
        yield store, RegistryIndex((await read_registry_async(store.connection))[1])
    finally:
        await store.close()


async def make_plan(store: ImportStore, reading: Reading, *, replace: bool) -> Plan:
    """What the files change. Raises ImportRefused where it must not be changed."""
    if not reading.days:
        return Plan([])
    zone = store.place.clock.zone
    first, last = min(reading.days), max(reading.days)
    stored_days = await store.stored_days(first, last)
    parts = by_month(reading.footfall, zone)
    plan = Plan([])
    for month in months(first, last, store.site.time_zone):
        wanted = parts.get((month.first.year, month.first.month), Footfall())
        stored = await store.stored(month)
        plan.wanted[month.first] = wanted
        plan.months.append(
            change_of(
                month,
                zone,
                wanted_days=(d for d in reading.days if month.first <= d <= month.last),
                wanted=wanted,
                stored_days=(d for d in stored_days if month.first <= d <= month.last),
                stored=stored,
                difference=surplus(wanted, stored),
            )
        )
    names = {name for files in reading.days.values() for name in files}
    others = of_other_files(plan.months, stored_days, names)
    if others and not replace:
        raise ImportRefused(
            f"{_days(others)} were given by other files of {store.source!r}"
            f" ({next(iter(others.values()))}); give these together with the new ones, name another"
            " source in the mapping if it is another system, or say --replace to let the new files"
            " stand instead"
        )
    plan.closed = await store.closed_days(reading.days)
    return plan


async def make_undo(store: ImportStore) -> Plan:
    """What takes out everything that the source gave."""
    zone = store.place.clock.zone
    stored_days = await store.stored_days()
    plan = Plan([])
    if not stored_days:
        return plan
    for month in months(min(stored_days), max(stored_days), store.site.time_zone):
        stored = await store.stored(month)
        plan.wanted[month.first] = Footfall()
        plan.months.append(
            change_of(
                month,
                zone,
                wanted_days=(),
                wanted=Footfall(),
                stored_days=(d for d in stored_days if month.first <= d <= month.last),
                stored=stored,
                difference=surplus(Footfall(), stored),
            )
        )
    return plan


async def hold_to_site(
    store: ImportStore,
    registry: RegistryIndex,
    device: Device,
    reading: Reading,
    *,
    partly_covered: bool,
) -> None:
    """Nothing twice, nothing unknown. Raises ImportRefused, with the days and the remedy."""
    days = sorted(reading.days)
    outside = [day for day in days if not device.valid_on(day)]
    if outside:
        raise ImportRefused(
            f"{_days(outside)} lie outside the time of device {device.code!r} in the registry;"
            " correct its valid_from and valid_to, and run `passage provision registry FILE`"
        )
    live = await store.live_days(days)
    if live:
        raise ImportRefused(
            f"{_days([day for day, _ in live])} were counted by the pipeline itself at"
            f" {store.site.code}, and would be counted twice; take them out of the files"
        )
    services = {key.service for key in reading.footfall.measures}
    for source, service, first, last, count in await store.other_sources(days, services):
        raise ImportRefused(
            f"source {source!r} gave {service} on {count} of these days already, from {first} to"
            f" {last}; take these rows out, or `passage import undo {source}` first"
        )
    known = await store.sources()
    expected = [
        one
        for one in registry.registry.devices
        if one.site == store.site.code
        and one.kind != "gateway"
        and one.code not in {device.code, *known}
        and any(one.valid_on(day) for day in days)
    ]
    if expected and not partly_covered:
        raise ImportRefused(
            f"{', '.join(one.code for one in expected)} should have recorded on these days too, by"
            " the registry: hours would read as partly unknown; give them valid_from there, their"
            " first day, and run `passage provision registry FILE`; or say --partly-covered if"
            " they did"
        )


async def carry_out(
    store: ImportStore,
    plan: Plan,
    reading: Reading,
    paths: Sequence[Path],
    mapping: Mapping,
    now: datetime,
    done: Callable[[MonthChange], None],
) -> None:
    """Make the changes, a month at a time; `done` is told of each month that is in."""
    days = sorted(reading.days)
    import_id = await store.begin(
        [{"name": path.name, "sha256": _digest(path)} for path in paths],
        mapping.model_dump_json(),
        (reading.findings.read, sum(reading.findings.bad.values())),
        days[0],
        days[-1],
    )
    files = {day: reading.file_names(day) for day in days}
    for change in plan.months:
        if change:
            await store.change(change, plan.wanted[change.month.first], files, import_id)
        done(change)
    await complete(store, plan, reading, now)


async def complete(store: ImportStore, plan: Plan, reading: Reading, now: datetime) -> None:
    """Log that all that the files say is in."""
    ends = plan.months[-1].month.to_at
    await store.complete(min(reading.days), max(reading.days), ends, now)


async def take_out(store: ImportStore, plan: Plan, done: Callable[[MonthChange], None]) -> None:
    """Remove a source's days, a month at a time."""
    for change in plan.months:
        if change:
            await store.change(change, Footfall(), {}, 0)
        done(change)
    await store.forget()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _days(days: Collection[date]) -> str:
    found = sorted(days)
    shown = ", ".join(map(str, found[:_SHOWN]))
    more = f" and {len(found) - _SHOWN} more days" if len(found) > _SHOWN else ""
    return f"{'The day' if len(found) == 1 else 'The days'} {shown}{more}".replace("The ", "the ")
