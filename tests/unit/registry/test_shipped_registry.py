"""The registry that ships is valid, complete enough to be used, and in good French."""

from __future__ import annotations

import unicodedata
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
import yaml

from schemas.codec import speaks_of_identity
from schemas.registry import Registry

FILE = Path(__file__).parents[3] / "deploy" / "registry.yaml"
DAY = date(2026, 11, 16)


def test_plain_yaml_reads_it_as_a_registry(registry: Registry) -> None:
    assert Registry.model_validate(yaml.safe_load(FILE.read_text(encoding="utf-8"))) == registry


def test_labels_are_composed_and_spelt_in_french(registry: Registry) -> None:
    text = FILE.read_text(encoding="utf-8")
    labels = {site.code: site.name for site in registry.sites}
    assert labels["sp-lhay"] == "Sous-préfecture de L’Haÿ-les-Roses"
    assert unicodedata.is_normalized("NFC", text)
    assert not [label for label in labels.values() if "'" in label]


def test_every_site_has_hours_on_the_five_working_days(registry: Registry) -> None:
    for site in registry.sites:
        (hours,) = site.opening_hours
        assert set(hours.week) == {"mon", "tue", "wed", "thu", "fri"}, site.code
        assert all(hours.week.values()), site.code


def test_every_site_has_a_kiosk_a_reception_desks_and_queues(registry: Registry) -> None:
    kinds = {site.code: Counter[str]() for site in registry.sites}
    for device in registry.devices:
        kinds[device.site][device.kind] += 1
    for site in registry.sites:
        assert kinds[site.code]["kiosk"] >= 1, site.code
        assert kinds[site.code]["reception"] >= 1, site.code
        assert any(desk.site == site.code for desk in registry.desks), site.code
        assert any(queue.site == site.code for queue in registry.queues), site.code


def test_a_printed_number_names_its_queue_within_a_site(registry: Registry) -> None:
    prefixes = Counter((queue.site, queue.prefix) for queue in registry.queues)
    assert [key for key, count in prefixes.items() if count > 1] == []


def test_a_directorate_may_receive_at_several_sites(registry: Registry) -> None:
    directorate = {service.code: service.directorate for service in registry.services}
    sites = {queue.site for queue in registry.queues if directorate[queue.service] == "dmi"}
    assert {"creteil-etrangers", "creteil-natu-asile", "sp-lhay", "sp-nogent"} <= sites


def test_a_directorate_that_receives_nobody_has_no_queue(registry: Registry) -> None:
    hidden = {d.code for d in registry.directorates if not d.receives_public}
    services = {s.code for s in registry.services if s.directorate in hidden}
    assert hidden == {"cert"}
    assert not [queue for queue in registry.queues if queue.service in services]


@pytest.mark.parametrize(
    "kind", ["sites", "directorates", "services", "queues", "desks", "devices"]
)
def test_everything_is_in_force_and_no_code_names_a_person(registry: Registry, kind: str) -> None:
    for entry in getattr(registry, kind):
        assert entry.valid_on(DAY)
        if kind != "services":
            assert not speaks_of_identity(entry.code), entry.code


def test_the_file_says_that_its_hours_are_an_example() -> None:
    assert "EXAMPLE" in FILE.read_text(encoding="utf-8")
