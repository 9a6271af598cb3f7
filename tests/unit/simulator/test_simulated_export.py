"""Simulated days as files of an older system."""

from __future__ import annotations

import csv
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from schemas.registry import Registry
from services.importer.mapping import VisitMapping, load_mapping
from services.provision.registry_file import read as read_registry
from services.simulator.__main__ import simulate
from services.simulator.export import REGISTRY, export
from services.simulator.simulation import generate
from tests.conftest import REGISTRY_FILE
from tests.events import last_monday


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


def test_a_row_stands_for_each_visitor_of_the_truth(registry: Registry, tmp_path: Path) -> None:
    days = [last_monday(), last_monday() + timedelta(days=1)]
    paths = export(registry, days, tmp_path, seed=3, scale=0.05)
    truth = generate(registry, days[0], 2, seed=3, scale=0.05).truth
    written = [row for path in paths for row in rows(path)]
    assert len(written) == truth.totals["passages"]
    assert sum(int(row["Personnes"]) for row in written) == truth.totals["persons"]
    assert {path.stem for path in paths} == {site.code for site in registry.sites}


@pytest.mark.parametrize("day", [date(2026, 3, 30), date(2025, 10, 27)])
def test_times_are_those_of_the_hall(registry: Registry, tmp_path: Path, day: date) -> None:
    (path, *_) = export(registry, [day], tmp_path, seed=3, scale=0.05)
    times = [row["Émis le"] for row in rows(path)]
    assert all(time.startswith(f"{day:%d/%m/%Y}") for time in times)
    assert f"{day:%d/%m/%Y} 08:30" < min(times) < f"{day:%d/%m/%Y} 09:30"


def test_the_mapping_beside_it_is_one(registry: Registry, tmp_path: Path) -> None:
    for path in export(registry, [last_monday()], tmp_path, seed=3, scale=0.05):
        mapping = load_mapping(path.with_suffix(".yaml"))
        assert isinstance(mapping, VisitMapping)
        assert mapping.source in {d.code for d in registry.devices if d.site == path.stem}


def test_in_the_registry_beside_it_only_the_older_system_recorded(
    registry: Registry, tmp_path: Path
) -> None:
    export(registry, [last_monday()], tmp_path, seed=3, scale=0.05)
    beside = read_registry(tmp_path / REGISTRY)
    assert beside.model_copy(update={"devices": registry.devices}) == registry
    recording = [d.site for d in beside.devices if d.valid_on(last_monday())]
    assert sorted(recording) == sorted(site.code for site in registry.sites)
    assert all(d.valid_on(last_monday() + timedelta(days=1)) for d in beside.devices)


def test_an_export_goes_with_nothing_that_is_sent(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        simulate,
        ["--registry", str(REGISTRY_FILE), "--export", str(tmp_path), "--live"],
    )
    assert result.exit_code == 2
    assert "--export sends nothing" in result.output
