from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.registry import Registry, Site


def registry(**changed: Any) -> dict[str, Any]:
    return {
        "code": "val-de-marne",
        "name": "Préfecture",
        "sites": [{"code": "creteil", "name": "Créteil"}],
        "directorates": [{"code": "dmi", "name": "Migrations"}],
        "services": [{"code": "sejour", "name": "Séjour", "directorate": "dmi"}],
        "queues": [{"code": "sejour-q", "site": "creteil", "service": "sejour"}],
        "desks": [{"code": "g01", "site": "creteil"}],
        "devices": [{"code": "borne-1", "site": "creteil", "kind": "kiosk"}],
    } | changed


def refusal(**changed: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        Registry.model_validate(registry(**changed))
    return str(caught.value)


def test_a_whole_registry_is_read() -> None:
    assert Registry.model_validate(registry()).queues[0].service == "sejour"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"services": [{"code": "sejour", "name": "S", "directorate": "dim"}]},
            "service 'sejour' names the unknown directorate 'dim'",
        ),
        (
            {"queues": [{"code": "q", "site": "creteil", "service": "asile"}]},
            "queue 'q' names the unknown service 'asile'",
        ),
        (
            {"queues": [{"code": "q", "site": "nogent", "service": "sejour"}]},
            "queue 'q' names the unknown site 'nogent'",
        ),
        ({"desks": [{"code": "g01", "site": "x"}]}, "desk 'g01' names the unknown site 'x'"),
        (
            {"devices": [{"code": "b", "site": "x", "kind": "kiosk"}]},
            "device 'b' names the unknown site 'x'",
        ),
        (
            {"desks": [{"code": "g01", "site": "creteil"}] * 3},
            "desk 'g01' is declared 3 times",
        ),
    ],
    ids=["directorate", "service", "queue's site", "desk's site", "device's site", "twice"],
)
def test_a_wrong_entry_is_named_in_words(changed: dict[str, Any], said: str) -> None:
    assert said in refusal(**changed)


def test_all_wrong_entries_are_named_at_once() -> None:
    said = refusal(
        desks=[{"code": "g01", "site": "x"}],
        devices=[{"code": "b", "site": "y", "kind": "kiosk"}],
    )
    assert "desk 'g01'" in said
    assert "device 'b'" in said


def test_a_mistake_in_one_field_says_which_entry() -> None:
    said = refusal(sites=[{"code": "creteil", "name": "C"}, {"code": "Nogent", "name": "N"}])
    assert "sites.1.code" in said
    said = refusal(sites=[{"code": "creteil", "name": "C", "time_zone": "Europe/Pariss"}])
    assert "sites.0.time_zone" in said
    assert "'Europe/Pariss' is not a time zone; expected one such as Europe/Paris" in said


@pytest.mark.parametrize("zone", ["", "../etc/passwd", "/etc/passwd", "Europe", "UTC+1", "a\0b"])
def test_what_is_no_time_zone_is_refused_in_words(zone: str) -> None:
    assert "is not a time zone" in refusal(sites=[{"code": "s", "name": "S", "time_zone": zone}])


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ("12:00-09:00", "closes at 09:00:00 but opens at 12:00:00"),
        ("09:00-09:00", "closes at 09:00:00 but opens at 09:00:00"),
        ("9-12", "mon.0.opens"),
        ("09:00", "mon.0"),
        (510, "mon.0"),
    ],
)
def test_wrong_hours_are_refused_in_words(hours: object, said: str) -> None:
    week = {"week": {"mon": [hours]}}
    assert said in refusal(sites=[{"code": "s", "name": "S", "opening_hours": [week]}])


def test_an_unknown_key_is_refused() -> None:
    assert "closing_hours" in refusal(sites=[{"code": "s", "name": "S", "closing_hours": []}])


def test_validity_is_half_open() -> None:
    site = Site(code="s", name="S", valid_from=date(2026, 1, 1), valid_to=date(2026, 2, 1))
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1)]
    assert [site.valid_on(day) for day in days] == [False, True, True, False]
    assert Site(code="s", name="S").valid_on(date.min)
