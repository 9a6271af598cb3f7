"""From a payload to events: times, look-ups, ids; and refusals that give nobody away."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import InvalidEvent, decode, encode
from schemas.events import Called, Heartbeat, TicketIssued
from services.adapters.fields import TimeFormat
from services.adapters.mapping import Mapping
from services.adapters.mapping_file import load_mapping
from services.adapters.moments import instant_of
from services.adapters.paths import parse_path, value_at
from services.adapters.refusals import EXPLANATIONS, Refusal, RefusalReason
from services.adapters.translation import read_payload, translate
from services.core.calendar import business_date
from services.core.clock import BootAnchor, anchor_of, correct
from services.core.decisions import BACKFILL_HORIZON
from services.core.visit_id import of_ticket

EXAMPLES = Path(__file__).parents[3] / "deploy" / "adapters"
AT = "2026-11-16T09:00:00+01:00"
PLACE = {"site": "sp-lhay", "source": "lhay-borne-1"}
LINE = {**PLACE, "queue": "lhay-sejour", "directorate": "dmi", "service": "sejour"}


def mapping(*events: dict[str, Any], **parts: Any) -> Mapping:
    return Mapping.model_validate(
        {"name": "vendor", "visit": {"id": "id"}, "place": [LINE], "events": list(events)} | parts
    )


CALLED = {"type": "called", "at": "at"}
ISSUED = {"type": "ticket_issued", "at": "at", "number": "number"}


def one(vendor: Mapping, payload: Any) -> Any:
    (result,) = translate(vendor, payload)
    return result


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b", 1),
        ("a.list.0", "x"),
        ("a.list.-1", "z"),
        ("a.list.3", None),
        ("a.b.c", None),
        ("/a/with.dot", 2),
        ("/a/with~1slash~0", 3),
        ("$", "whole"),
        (".", "item"),
        (".x", None),
        ("..list.1", "y"),
        ("...b", 1),
        ("....b", None),
        ("a.blank", None),
        ("a.zero", 0),
    ],
)
def test_a_path_finds_one_thing_or_nothing(path: str, value: Any) -> None:
    inner = {"b": 1, "list": ["x", "y", "z"], "with.dot": 2, "with/slash~": 3}
    payload = {"a": {**inner, "blank": "  ", "zero": 0}}
    scopes = ["whole"] if path == "$" else [payload, {"b": 1}, inner, "item"]
    assert value_at(parse_path(path), scopes) == value


def test_an_item_is_none_outside_of_lists() -> None:
    assert value_at(parse_path(".b"), [{"b": 1}]) is None


PARIS = {"zone": "Europe/Paris"}


@pytest.mark.parametrize(
    ("text", "time_format", "expected"),
    [
        ("2026-11-16T09:00:00+01:00", {}, "2026-11-16T08:00"),
        ("2026-11-16T09:00:00Z", PARIS, "2026-11-16T09:00"),
        ("2026-11-16 09:00:00", {}, "2026-11-16T09:00"),
        ("2026-11-16T09:00", PARIS, "2026-11-16T08:00"),
        ("2026-07-16T09:00", PARIS, "2026-07-16T07:00"),
        ("1794819600", {"format": "epoch_s"}, "2026-11-16T09:00"),
        ("1794819600000", {"format": "epoch_ms"}, "2026-11-16T09:00"),
        ("16/11/2026 09:00", {"format": "%d/%m/%Y %H:%M", **PARIS}, "2026-11-16T08:00"),
        ("2026-10-25T02:30", {**PARIS, "ambiguous": "first"}, "2026-10-25T00:30"),
        ("2026-10-25T02:30", {**PARIS, "ambiguous": "second"}, "2026-10-25T01:30"),
        ("2026-10-25T02:30", PARIS, RefusalReason.AMBIGUOUS_TIME),
        ("2026-10-25T02:30+01:00", PARIS, "2026-10-25T01:30"),
        ("2026-03-29T02:30", PARIS, RefusalReason.SKIPPED_TIME),
        ("2026-03-29T02:30", {**PARIS, "ambiguous": "first"}, RefusalReason.SKIPPED_TIME),
        ("2026-11-16", {}, RefusalReason.NOT_A_TIME),
        ("1794819600", {"format": "epoch_ms"}, RefusalReason.NOT_A_TIME),
        ("1794819600000", {"format": "epoch_s"}, RefusalReason.NOT_A_TIME),
        ("9" * 16, {"format": "epoch_s"}, RefusalReason.NOT_A_TIME),
        ("0001-01-01T00:00:00", {}, RefusalReason.NOT_A_TIME),
        ("Jane", {}, RefusalReason.NOT_A_TIME),
    ],
)
def test_a_time_is_an_instant_or_refused(
    text: str, time_format: dict[str, str], expected: str | RefusalReason
) -> None:
    found = instant_of(text, TimeFormat.model_validate(time_format))
    if isinstance(expected, RefusalReason):
        assert found == expected
    else:
        assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_a_redelivery_is_the_same_event_and_a_second_call_another() -> None:
    vendor = mapping(CALLED)
    first = one(vendor, {"id": 7, "at": AT, "attempt": 1})
    again = one(vendor, {"id": "7", "at": "2026-11-16T08:00:00Z", "attempt": 2})
    later = one(vendor, {"id": 7, "at": "2026-11-16T09:05:00+01:00"})
    assert encode(first) == encode(again)
    assert later.event_id != first.event_id
    assert later.visit_id == first.visit_id


def test_ids_are_those_of_one_system_and_one_mode() -> None:
    payload = {"id": 7, "at": AT}
    ids = {
        one(mapping(CALLED, **part), payload).event_id
        for part in ({}, {"name": "other"}, {"mode": "test"})
    }
    assert len(ids) == 3
    assert one(mapping(CALLED, mode="test"), payload).mode == "test"


def test_a_system_without_boots_claims_none() -> None:
    first = one(mapping(CALLED), {"id": 7, "at": AT})
    second = one(mapping(CALLED), {"id": 8, "at": "2026-12-16T09:00:00+01:00"})
    assert (first.boot_id, first.seq, first.monotonic_ms) == (second.boot_id, 1, 0)
    assert first.clock.synced


def test_what_a_synced_clock_said_never_sets_an_unsynced_one() -> None:
    synced = one(mapping(CALLED), {"id": 7, "at": AT})
    unsynced = one(mapping(CALLED, clock_synced=False), {"id": 7, "at": AT})
    assert synced.boot_id != unsynced.boot_id
    received_at = synced.occurred_at
    assert isinstance(
        anchor_of(synced, received_at=received_at, horizon=BACKFILL_HORIZON), BootAnchor
    )
    assert anchor_of(unsynced, received_at=received_at, horizon=BACKFILL_HORIZON) is None
    assert correct(unsynced, received_at=received_at, anchor=None, horizon=BACKFILL_HORIZON) == (
        unsynced.occurred_at,
        "stated",
    )


def test_a_visit_by_its_ticket_is_that_of_our_own_devices() -> None:
    by_ticket = {"queue": "lhay-sejour", "number": "number", "issued_at": "taken"}
    vendor = mapping(CALLED, visit=by_ticket, time=PARIS)
    # After midnight, and called on the same business day.
    called = one(vendor, {"number": "S042", "taken": "2026-11-17T01:00", "at": "2026-11-17T01:10"})
    day = business_date(
        datetime(2026, 11, 17, tzinfo=UTC), time_zone="Europe/Paris", starts=time(4)
    )
    assert called.visit_id == of_ticket("sp-lhay", "lhay-sejour", day, "S42")


def test_one_message_gives_an_event_for_each_item_of_its_lists() -> None:
    vendor = mapping(
        {
            "type": "called",
            "each": ["requests", ".periods"],
            "skip": 1,
            "when": {".state": {"not": ["hold"]}, "..line": "12"},
            "at": ".at",
        }
    )
    periods = [{"state": s, "at": f"2026-11-16T09:0{i}:00Z"} for i, s in enumerate("abc")]
    periods.append({"state": "hold", "at": AT})
    found = translate(
        vendor,
        {"id": 1, "requests": [{"line": 12, "periods": periods}, {"line": 13, "periods": periods}]},
    )
    assert [event.occurred_at.minute for event in found if isinstance(event, Called)] == [1, 2]
    assert len(found) == 2


def test_a_table_leaves_out_what_it_maps_to_nothing() -> None:
    vendor = mapping(
        ISSUED | {"channel": {"from": "way", "table": "ways"}},
        tables={"ways": {"phone": None, "hall": "kiosk"}, "both": {"1/2": LINE}},
        place=[{"from": ["office", "line"], "table": "both"}],
    )
    payload = {"id": 7, "at": AT, "number": "A1", "office": 1, "line": 2.0}
    assert translate(vendor, payload | {"way": "phone"}) == []
    assert isinstance(one(vendor, payload | {"way": "hall"}), TicketIssued)
    assert one(vendor, payload | {"way": "hall", "line": 3}).reason is RefusalReason.NOT_IN_TABLE


def test_what_has_no_time_has_not_happened_where_the_rule_says_so() -> None:
    assert translate(mapping(CALLED | {"optional": True}), {"id": 7, "at": " "}) == []
    assert one(mapping(CALLED), {"id": 7}) == Refusal(RefusalReason.MISSING, "at", "called")


def test_a_sign_of_life_vouches_for_its_seconds() -> None:
    beat = {"type": "heartbeat", "at": "at", "covers_s": 60}
    found = one(mapping(beat, visit=None), {"at": AT})
    assert isinstance(found, Heartbeat)
    assert (found.covers_s, found.source) == (60, "lhay-borne-1")


@pytest.mark.parametrize(
    ("payload", "refusal"),
    [
        ({"at": AT, "number": "A1"}, (RefusalReason.MISSING, "id")),
        ({"id": {"name": "Jane"}, "at": AT, "number": "A1"}, (RefusalReason.INVALID, "id")),
        ({"id": "Ja\u2028ne", "at": AT, "number": "A1"}, (RefusalReason.INVALID, "id")),
        ({"id": 10**400, "at": AT, "number": "A1"}, (RefusalReason.INVALID, "id")),
        ({"id": 7, "at": "Jane Eyre", "number": "A1"}, (RefusalReason.NOT_A_TIME, "at")),
        ({"id": 7, "at": AT, "number": "Jane Eyre"}, (RefusalReason.INVALID, "number")),
        ({"id": 7, "at": AT, "number": "A1", "n": "Jane"}, (RefusalReason.INVALID, "n")),
        ({"id": 7, "at": AT, "number": "A1", "n": 100}, (RefusalReason.INVALID, "n")),
        (
            {"id": 7, "at": AT, "number": "A1", "d": "Jane"},
            (RefusalReason.NOT_IN_TABLE, "tables.d"),
        ),
    ],
)
def test_a_refusal_names_the_field_and_never_the_value(
    payload: dict[str, Any], refusal: tuple[RefusalReason, str]
) -> None:
    checked_in = {"type": "checked_in", "at": "at", "number": "number"}
    desk = {"desk": {"from": "d", "table": "d"}, "persons": "n"}
    found = one(mapping(checked_in | desk, tables={"d": {"1": "lhay-g01"}}), payload)
    assert (found.reason, found.field) == refusal
    assert found.sentence.startswith("checked_in: ")
    assert EXPLANATIONS[found.reason] in found.sentence
    assert "Jane" not in repr(found) + found.sentence


def test_a_place_without_site_or_source_is_refused() -> None:
    found = one(mapping(CALLED, place=[{"site": "sp-lhay"}]), {"id": 7, "at": AT})
    assert (found.reason, found.field) == (RefusalReason.MISSING, "place.source")


@pytest.mark.parametrize(
    "body",
    [b"", b"Jane", b"{", b"\xff", b'{"a": NaN}', b"[" * 100_000, b'{"a": "\\ud800"}'],
    ids=["empty", "text", "cut", "no UTF-8", "NaN", "deep", "surrogate"],
)
def test_a_body_that_is_no_json_is_refused(body: bytes) -> None:
    assert read_payload(body) == Refusal(RefusalReason.NOT_JSON)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["type", "data", "citizen", "id", "periods"]), inner)
    ),
    max_leaves=8,
)


@st.composite
def _damaged(draw: st.DrawFn) -> tuple[str, Any]:
    """A sample of an example in which something is exchanged for anything."""
    vendor = draw(st.sampled_from(["qminder", "bcgov-queue-management"]))
    sample = draw(st.sampled_from(sorted((EXAMPLES / vendor / "samples").iterdir())))
    payload = json.loads(sample.read_bytes())
    holder = payload
    while True:
        keys = list(range(len(holder)) if isinstance(holder, list) else holder)
        key = draw(st.sampled_from(keys))
        inner = holder[key]
        if not isinstance(inner, dict | list) or not inner or draw(st.integers(0, 4)) == 0:
            holder[key] = draw(_JSON)
            return vendor, payload
        holder = inner


_MAPPINGS = {
    vendor: load_mapping(EXAMPLES / vendor / "mapping.yaml")
    for vendor in ("qminder", "bcgov-queue-management")
}


@given(_damaged())
@settings(max_examples=60)
def test_whatever_a_vendor_sends_becomes_valid_events_or_refusals(case: tuple[str, Any]) -> None:
    vendor, payload = case
    for result in translate(_MAPPINGS[vendor], payload):
        if not isinstance(result, Refusal):
            assert not isinstance(decode(encode(result)), InvalidEvent)


@given(_JSON)
@settings(max_examples=40)
def test_no_payload_ends_it(payload: Any) -> None:
    for vendor in _MAPPINGS.values():
        translate(vendor, payload)
