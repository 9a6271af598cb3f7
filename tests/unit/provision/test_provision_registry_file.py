from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from schemas.registry import Closure, Site
from services.provision.errors import InvalidRegistry
from services.provision.reference import closed_days, difference, rows
from services.provision.registry_file import parse, read

VALID = """
code: test
name: Test
sites:
  - code: hall
    name: Hall
    business_day_starts: 04:00
    opening_hours:
      - week: {mon: [08:30-12:00, 13:00-16:00]}
directorates:
  - {code: dcl, name: DCL}
services:
  - {code: titres, name: Titres, directorate: dcl}
devices:
  - {code: kiosk-1, site: hall, kind: kiosk}
"""
SHIPPED = Path(__file__).parents[3] / "deploy" / "registry.yaml"


def refusal(text: str) -> str:
    with pytest.raises(InvalidRegistry) as caught:
        parse(text, "registry.yaml")
    return str(caught.value)


def test_hours_need_no_quotes():
    (site,) = parse(VALID, "registry.yaml").sites
    assert site.business_day_starts.isoformat() == "04:00:00"
    assert site.opening_hours[0].week["mon"][0].opens.isoformat() == "08:30:00"


def test_the_wrong_entry_is_named_in_words():
    text = VALID.replace("name: Hall", "name: Hall\n    time_zone: Europe/Pari")
    assert "site 'hall', time_zone: 'Europe/Pari' is not a time zone" in refusal(text)


def test_an_entry_without_a_code_is_named_by_its_place():
    text = VALID.replace("{code: dcl, name: DCL}", "{name: DCL}")
    assert "directorate number 1, code: Field required" in refusal(text)


def test_an_unknown_directorate_is_named():
    text = VALID.replace("directorate: dcl", "directorate: dlc")
    assert "service 'titres' names the unknown directorate 'dlc'" in refusal(text)


def test_a_key_given_twice_is_refused_with_its_line():
    assert (
        refusal(VALID + "name: Again\n")
        == "registry.yaml, line 16, column 1: 'name' is given twice"
    )


def test_broken_yaml_is_refused_with_its_line():
    assert "registry.yaml, line 2" in refusal("a: 1\nb: [")


def test_a_file_that_is_no_registry_is_refused():
    assert "is no registry" in refusal("just words")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InvalidRegistry, match=r"absent\.yaml cannot be read"):
        read(tmp_path / "absent.yaml")


def test_the_shipped_registry_is_valid():
    assert read(SHIPPED).sites


def test_public_holidays_of_alsace_moselle_are_two_more():
    def days(public_holidays: str | None) -> set[date]:
        site = Site(code="hall", name="Hall", public_holidays=public_holidays)
        return set(closed_days(site, date(2026, 11, 24)))

    france = days("FR")
    assert {date(2026, 7, 14), date(2020, 1, 1), date(2028, 12, 25)} <= france
    assert date(2029, 1, 1) not in france
    moselle = days("FR-57") - france
    assert {date(2026, 4, 3), date(2026, 12, 26)} <= moselle
    assert days(None) == set()


def test_an_unknown_country_is_named_with_its_site():
    site = Site(code="hall", name="Hall", public_holidays="XX-1")
    with pytest.raises(InvalidRegistry, match="site 'hall' has public_holidays 'XX-1'"):
        closed_days(site, date(2026, 1, 1))


def test_a_closure_holds_both_its_days_and_gives_its_own_reason():
    closure = Closure(first=date(2026, 7, 13), last=date(2026, 7, 14), reason="travaux")
    site = Site(code="hall", name="Hall", closures=(closure,))
    days = closed_days(site, date(2026, 1, 1))
    assert days[date(2026, 7, 13)] == days[date(2026, 7, 14)] == "travaux"
    assert date(2026, 7, 15) not in days


def test_differences_are_told_per_table():
    registry = parse(VALID, "registry.yaml")
    before = rows(registry, date(2026, 1, 1))
    assert [s for one in difference(before, before) for s in one.sentences()] == []
    renamed = parse(VALID.replace("name: DCL", "name: Citoyenneté"), "registry.yaml")
    after = rows(renamed, date(2026, 1, 1))
    assert [s for one in difference(before, after) for s in one.sentences()] == [
        "change 1 directorate: dcl"
    ]
