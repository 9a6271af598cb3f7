"""Days of a whole prefecture: what its devices will emit, and the truth about its visitors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from schemas.events import DeviceStarted, Heartbeat
from schemas.registry import Device, Registry, Site
from services.simulator.demand import MINUTE_MS, Arrival, arrivals, day_factor
from services.simulator.door import Door
from services.simulator.hall import Hall
from services.simulator.lines import Line, lines_of
from services.simulator.opening import Periods, at, opening
from services.simulator.recorder import Recorder
from services.simulator.stories import PlannedEvent, Visit
from services.simulator.truth import Truth, tally

HEARTBEAT_S = 60
LUNCH = (time(12, 0), time(13, 30))
NIGHT = time(21, 0)
# From the boot of a site's devices, and from a technician's test tickets, to the doors' opening.
BOOT_BEFORE_MS = 60 * MINUTE_MS
TEST_BEFORE_MS = 40 * MINUTE_MS
TEST_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Simulation:
    """What will happen, and what a perfect observer would count."""

    events: tuple[PlannedEvent, ...]
    """Of visits and devices (boots, heartbeats), in order of time."""
    visits: tuple[Visit, ...]
    """The stories, tests among them."""
    truth: Truth


def generate(
    registry: Registry, first_day: date, days: int = 1, seed: int = 94, scale: float = 1.0
) -> Simulation:
    """Simulate local days of all sites, `scale` times as busy as the real ones.

    A day depends on the registry, its date, `seed` and `scale` only: the same arguments give the
    same events byte for byte, and a day is the same alone or within a month. Closed days have no
    events.
    """
    events: list[PlannedEvent] = []
    visits: list[Visit] = []
    key = f"{registry.code}/{seed}/{scale}"
    for number in range(days):
        day = first_day + timedelta(days=number)
        factor = day_factor(day, Random(f"{key}/{day}"))
        for site in registry.sites:
            recorder = Recorder(site.code, Random(f"{key}/{day}/{site.code}/ids"))
            rng = Random(f"{key}/{day}/{site.code}")
            visits += _site_day(registry, site, day, factor, scale, recorder, rng)
            events += recorder.events
    events.sort(key=lambda event: (event.occurred_at, event.device, event.event_id))
    heartbeats = sum(event.event_class is Heartbeat for event in events)
    starts = sum(event.event_class is DeviceStarted for event in events)
    truth = Truth(
        seed=seed,
        first_day=first_day,
        days=days,
        time_zone=registry.sites[0].time_zone,
        events_total=len(events) - heartbeats - starts,
        heartbeats_total=heartbeats,
        device_starts_total=starts,
        visits=sum(visit.mode == "live" for visit in visits),
        buckets=tally(visits),
    )
    return Simulation(tuple(events), tuple(visits), truth)


def _site_day(
    registry: Registry,
    site: Site,
    day: date,
    factor: float,
    scale: float,
    recorder: Recorder,
    rng: Random,
) -> list[Visit]:
    periods = opening(site, day)
    devices = [d for d in registry.devices if d.site == site.code and d.valid_on(day)]
    lines = lines_of(registry, site.code, day, periods, scale) if periods else {}
    kiosks, receptions = _of_kind(devices, "kiosk"), _of_kind(devices, "reception")
    if not periods or not lines or not (kiosks or receptions):
        return []
    _device_life(devices, periods, recorder)
    door = Door(site, kiosks, receptions, recorder, rng)
    tests = _tests(door, kiosks, lines, periods, rng)
    desk_device = (_of_kind(devices, "desk") or receptions or kiosks)[0]
    hall = Hall(
        lines,
        periods,
        (at(site, day, LUNCH[0]), at(site, day, LUNCH[1])),
        desk_device,
        (receptions or kiosks)[0],
        recorder,
        rng,
    )
    visits = _admit(door, hall, _comers(lines, periods, site, factor * scale, rng))
    # Late enough that the last visitor has gone: service after closing ends within two hours.
    hall.run(max(at(site, day, NIGHT), periods[-1][1] + 180 * MINUTE_MS))
    return tests + visits


def _comers(
    lines: dict[str, Line], periods: Periods, site: Site, factor: float, rng: Random
) -> list[tuple[Line, Arrival]]:
    zone = ZoneInfo(site.time_zone)
    return [
        (line, arrival)
        for line in lines.values()
        for arrival in arrivals(line.demand, periods, zone, factor, rng)
    ]


def _admit(door: Door, hall: Hall, comers: list[tuple[Line, Arrival]]) -> list[Visit]:
    entries = [door.entry(line, arrival) for line, arrival in comers]
    # In the order of their tickets, so that numbers rise with time.
    entries.sort(key=lambda entry: entry.ticket_ms or entry.first_ms)
    visits = []
    for entry in entries:
        visit = door.admit(entry)
        hall.enter(visit, entry.ready_ms)
        visits.append(visit)
    return visits


def _tests(
    door: Door, kiosks: Sequence[str], lines: dict[str, Line], periods: Periods, rng: Random
) -> list[Visit]:
    return [
        door.test(
            periods[0][0] - TEST_BEFORE_MS + rng.randrange(10 * MINUTE_MS),
            rng.choice(list(lines.values())),
            kiosk,
        )
        for kiosk in kiosks
        if rng.random() < TEST_SHARE
    ]


def _device_life(devices: Sequence[Device], periods: Periods, recorder: Recorder) -> None:
    for place, device in enumerate(devices):
        # Devices do not beat in step.
        shift_ms = place * 137
        recorder.start(periods[0][0] - BOOT_BEFORE_MS + shift_ms, device.code)
        for opens, closes in periods:
            for beat in range(opens + HEARTBEAT_S * 1000, closes + 1, HEARTBEAT_S * 1000):
                recorder.heartbeat(beat, device.code, HEARTBEAT_S)


def _of_kind(devices: Sequence[Device], kind: str) -> list[str]:
    return [device.code for device in devices if device.kind == kind]
