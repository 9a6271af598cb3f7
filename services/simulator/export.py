"""Simulated days as an older system would have exported them: for `passage import`.

One CSV a site, in French, with semicolons and local times without an offset, beside the mapping
that reads it, and a registry in which only the older system recorded on those days.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from schemas.registry import Registry
from schemas.types import Channel
from services.simulator.opening import as_datetime
from services.simulator.simulation import generate
from services.simulator.stories import Outcome, Visit

REGISTRY = "registry.yaml"
_FORM = "%d/%m/%Y %H:%M:%S"
_HEADER = (
    "Ticket",
    "Service",
    "Arrivée",
    "Personnes",
    "Émis le",
    "Appelé le",
    "Début",
    "Fin",
    "Issue",
)
_OUTCOMES: dict[Outcome, str] = {
    "served": "Reçu",
    "no_show": "Absent",
    "left": "Parti",
    "cancelled": "Annulé",
    "auto_closed": "Clos",
    "transferred": "Réorienté",
}
_CHANNELS: dict[Channel, str] = {
    "kiosk": "Borne",
    "reception": "Accueil",
    "appointment": "Rendez-vous",
    "online": "En ligne",
}


def export(
    registry: Registry,
    days: Iterable[date],
    folder: Path,
    *,
    seed: int,
    scale: float,
    done: Callable[[date], None] = lambda day: None,
) -> list[Path]:
    """Write the files of every site that has a kiosk or a reception; return their paths.

    What becomes of a visitor after the first queue is not in them, as in most such exports.
    """
    folder.mkdir(parents=True, exist_ok=True)
    exported = list(days)
    sources = _sources(registry)
    zones = {site.code: ZoneInfo(site.time_zone) for site in registry.sites}
    names = {service.code: service.name for service in registry.services}
    paths = {site: folder / f"{site}.csv" for site in sources}
    with ExitStack() as files:
        writers = {}
        for site, path in paths.items():
            stream = files.enter_context(path.open("w", encoding="utf-8", newline=""))
            writers[site] = csv.writer(stream, delimiter=";")
            writers[site].writerow(_HEADER)
        for day in exported:
            numbers: dict[str, int] = {}
            for visit in generate(registry, day, seed=seed, scale=scale).visits:
                if visit.mode == "live" and visit.site in writers:
                    number = numbers[visit.site] = numbers.get(visit.site, 0) + 1
                    writers[visit.site].writerow(_row(visit, number, names, zones[visit.site]))
            done(day)
    for site, path in paths.items():
        mapping = yaml.safe_dump(
            _mapping(sources[site], names), allow_unicode=True, sort_keys=False
        )
        path.with_suffix(".yaml").write_text(mapping, encoding="utf-8")
    if exported:
        later = _registry_since(registry, set(sources.values()), max(exported) + timedelta(days=1))
        text = yaml.safe_dump(later, allow_unicode=True, sort_keys=False)
        (folder / REGISTRY).write_text(text, encoding="utf-8")
    return list(paths.values())


def _sources(registry: Registry) -> dict[str, str]:
    """The device that stands for the older system, at each site."""
    found: dict[str, str] = {}
    for kind in ("kiosk", "reception"):
        for device in registry.devices:
            if device.kind == kind:
                found.setdefault(device.site, device.code)
    return dict(sorted(found.items()))


def _registry_since(registry: Registry, sources: set[str], since: date) -> dict[str, Any]:
    """The registry with every device but the sources in force from a day on."""
    devices = [
        device if device.code in sources else device.model_copy(update={"valid_from": since})
        for device in registry.devices
    ]
    changed = registry.model_copy(update={"devices": tuple(devices)})
    document: dict[str, Any] = changed.model_dump(mode="json", exclude_none=True)
    return document


def _row(visit: Visit, number: int, names: dict[str, str], zone: ZoneInfo) -> list[Any]:
    stay = visit.stays[0]

    def local(ms: int | None) -> str:
        return "" if ms is None else _local(as_datetime(ms), zone)

    return [
        f"T{number:04}",
        names[stay.service],
        _CHANNELS[visit.channel],
        visit.persons,
        local(visit.arrived_ms),
        local(stay.first_called_ms),
        local(stay.service_started_ms),
        local(stay.service_ended_ms),
        _OUTCOMES[stay.outcome] if stay.outcome else "",
    ]


def _local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime(_FORM)


def _mapping(source: str, names: dict[str, str]) -> dict[str, Any]:
    return {
        "source": source,
        "rows": "visit",
        "file": {"delimiter": ";"},
        "dates": [_FORM],
        "issued_at": "Émis le",
        "called_at": "Appelé le",
        "started_at": "Début",
        "ended_at": "Fin",
        "ticket": "Ticket",
        "persons": "Personnes",
        "service": {"column": "Service", "values": {name: code for code, name in names.items()}},
        "channel": {
            "column": "Arrivée",
            "values": {text: channel for channel, text in _CHANNELS.items()},
        },
        "outcome": {
            "column": "Issue",
            # Where the visitor went from here is not in the file.
            "values": {
                text: None if outcome == "transferred" else outcome
                for outcome, text in _OUTCOMES.items()
            },
        },
    }
