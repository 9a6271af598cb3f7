"""The shipped examples: what each sample becomes, and that nothing of a person gets through."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.codec import decode, encode
from schemas.events import VisitEvent
from services.adapters.mapping import Mapping
from services.adapters.mapping_file import load_mapping
from services.adapters.refusals import Refusal
from services.adapters.rows import rows_of, translate_row
from services.adapters.translation import AnyEvent, read_payload, translate
from services.core.calendar import to_us
from services.core.decisions import Accepted, RegistryIndex, decide
from services.core.facts import Fact, fact_of
from services.core.visits import Visit, fold, union

EXAMPLES = Path(__file__).parents[3] / "deploy" / "adapters"
VENDORS = sorted(folder for folder in EXAMPLES.iterdir() if folder.is_dir())
SAMPLES = sorted(EXAMPLES.glob("*/samples/*"))


def mapping_of(vendor: Path) -> Mapping:
    return load_mapping(vendor / "mapping.yaml")


def results(vendor: Path, sample: Path) -> list[AnyEvent | Refusal]:
    mapping = mapping_of(vendor)
    if mapping.csv is None:
        return translate(mapping, read_payload(sample.read_bytes()))
    with sample.open("rb") as file:
        rows = list(rows_of(file, mapping, sample.name))
    return [result for row in rows for result in translate_row(mapping, row)]


def events(vendor: str, *samples: str) -> list[AnyEvent]:
    folder = EXAMPLES / vendor
    found = [one for name in samples for one in results(folder, folder / "samples" / name)]
    assert not any(isinstance(one, Refusal) for one in found)
    return [one for one in found if not isinstance(one, Refusal)]


def visits(found: list[AnyEvent]) -> dict[str, Visit]:
    histories: dict[str, list[Fact]] = defaultdict(list)
    for event in found:
        assert isinstance(event, VisitEvent)
        histories[str(event.visit_id)].append(fact_of(event, to_us(event.occurred_at)))
    return {visit_id: fold(union(history)) for visit_id, history in histories.items()}


def sample_id(path: Path) -> str:
    return f"{path.parents[1].name}/{path.name}"


@pytest.mark.parametrize("sample", SAMPLES, ids=sample_id)
def test_a_sample_gives_exactly_its_events(sample: Path) -> None:
    vendor = sample.parents[1]
    expected = (vendor / "events" / f"{sample.stem}.jsonl").read_text().splitlines()
    found = results(vendor, sample)
    # Ids too: were they to change, a redelivery would count again.
    shown = [one.sentence if isinstance(one, Refusal) else encode(one).decode() for one in found]
    assert shown == expected
    assert [decode(line.encode()) for line in expected] == found


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda folder: folder.name)
def test_no_expectation_is_without_sample_and_every_rule_is_shown(vendor: Path) -> None:
    assert {f.stem for f in (vendor / "events").iterdir()} == {
        f.stem for f in (vendor / "samples").iterdir()
    }
    shown = {
        json.loads(line)["type"]
        for file in (vendor / "events").iterdir()
        for line in file.read_text().splitlines()
    }
    assert shown == {rule.type for rule in mapping_of(vendor).events}
    assert (vendor / "README.md").read_text().strip()


@pytest.mark.parametrize("sample", SAMPLES, ids=sample_id)
def test_the_shipped_registry_counts_them(sample: Path, registry: Any) -> None:
    index = RegistryIndex(registry)
    for event in results(sample.parents[1], sample):
        assert not isinstance(event, Refusal)
        at = event.occurred_at
        decision = decide(event, received_at=at, now=at, registry=index, anchor=None)
        assert decision == Accepted(event, at, "stated")


def personal_values(value: Any, name: str = "") -> Iterator[str]:
    """What the samples say of persons: every text and number whose field is one of these."""
    personal = {
        *("firstName", "lastName", "phoneNumber", "email", "value", "username"),
        *("citizen_name", "citizen_comments", "notification_phone", "notification_email"),
    }
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from personal_values(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from personal_values(inner, name)
    elif name in personal and value is not None:
        yield str(value)


@pytest.mark.parametrize(
    "sample", [s for s in SAMPLES if s.suffix == ".json"], ids=lambda path: path.name
)
def test_nothing_personal_of_a_payload_reaches_an_event(sample: Path) -> None:
    payload = json.loads(sample.read_bytes())
    personal = set(personal_values(payload)) - {"Oui"}
    assert personal or sample.name == "line_changed.json"
    written = repr(results(sample.parents[1], sample))
    assert [value for value in personal if value in written] == []


def test_nothing_personal_of_an_export_reaches_an_event() -> None:
    sample = EXAMPLES / "csv-export" / "samples" / "tickets-2026-11-16.csv"
    written = repr(results(EXAMPLES / "csv-export", sample))
    assert "Exemple" in sample.read_text()
    assert "Exemple" not in written
    assert "0612345678" not in written


def test_a_qminder_visitor_who_is_sent_on_waits_twice_and_is_counted_once() -> None:
    steps = ("created", "called", "recalled", "forwarded", "served")
    found = events("qminder", *(f"ticket_{step}.json" for step in steps))
    (visit,) = visits(found[::-1]).values()
    first, second = visit.stays
    assert visit.tickets == 1
    assert (first.service, first.outcome) == ("sejour", "transferred")
    assert (second.service, second.outcome) == ("remise-titres", "served")
    assert first.first_called_us is not None
    assert (first.first_called_us - first.started_us) / 1e6 == 21 * 60 + 52


def test_what_the_nightly_job_of_theq_closes_is_not_served() -> None:
    (visit,) = visits(events("bcgov-queue-management", "citizen_closed_at_night.json")).values()
    assert [stay.outcome for stay in visit.stays] == ["auto_closed"]


def test_a_citizen_told_again_with_more_history_is_the_same_visit() -> None:
    first = events("bcgov-queue-management", "citizen_waiting.json")
    both = events(
        "bcgov-queue-management", "citizen_waiting.json", "citizen_received_services.json"
    )
    assert {encode(one) for one in first} < {encode(one) for one in both}
    assert len({one.event_id for one in both}) == len(both) - len(first)
    (visit,) = visits(both).values()
    assert [(stay.directorate, stay.outcome) for stay in visit.stays] == [
        ("dcl", "served"),
        ("dmi", "served"),
    ]


def test_an_export_tells_served_missed_left_and_closed_apart() -> None:
    found = visits(events("csv-export", "tickets-2026-11-16.csv")).values()
    assert sorted(visit.state for visit in found) == [
        "auto_closed",
        "left",
        "no_show",
        "served",
        "unattributed",
    ]
