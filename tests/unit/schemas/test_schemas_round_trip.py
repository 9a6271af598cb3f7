from __future__ import annotations

from datetime import UTC, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import MAX_EVENT_BYTES, decode, encode
from schemas.events import Clock, DeviceEvent, Event, PartySize, VisitEvent
from schemas.rendering import contracts
from schemas.types import MAX_INTEGER

CODE = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True)
COUNT = st.integers(0, MAX_INTEGER)
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "event_id": st.uuids(),
    "source": CODE,
    "boot_id": st.uuids(),
    "seq": st.integers(1, MAX_INTEGER),
    "monotonic_ms": COUNT,
    # A day from either end, where any offset still leaves a year between 1 and 9999.
    "occurred_at": st.datetimes(timezones=OFFSETS | st.just(UTC)).filter(
        lambda at: 1 < at.toordinal() < 3652058
    ),
    "clock": st.builds(
        Clock, synced=st.booleans(), offset_ms=st.integers(-MAX_INTEGER, MAX_INTEGER) | st.none()
    ),
    "site": CODE,
    "mode": st.sampled_from(["live", "test"]),
    "visit_id": st.uuids(),
    "queue": CODE,
    "number": st.from_regex(r"[A-Z]{0,3}[0-9]{1,4}", fullmatch=True),
    "wrap": st.integers(0, 99),
    "directorate": CODE,
    "service": CODE,
    "channel": st.sampled_from(["kiosk", "reception", "appointment", "online"]),
    "party_size": st.builds(PartySize, persons=st.integers(1, 99), declared=st.booleans()),
    "appointment": st.from_regex(r"[0-9a-f]{32}", fullmatch=True),
    "desk": CODE,
    "reason": CODE,
    "covers_s": st.integers(0, 3600),
    "outbox_depth": COUNT,
    "software": st.from_regex(r"[0-9][0-9A-Za-z.+-]{0,39}", fullmatch=True),
}
EVENT_CLASSES = {name: model for name, model in contracts().items() if issubclass(model, Event)}


@st.composite
def events(draw: st.DrawFn, name: str) -> VisitEvent | DeviceEvent:
    """Any event of the class, optional fields now present, now absent."""
    event_class: Any = EVENT_CLASSES[name]
    type_, _, version = name.rpartition(".v")
    fields: dict[str, Any] = {"type": type_, "version": int(version)}
    if name == "correction.v1":
        fields[draw(st.sampled_from(["joins", "corrects"]))] = draw(st.uuids())
    for field, info in event_class.model_fields.items():
        if field not in (*fields, "joins", "corrects") and (
            info.is_required() or draw(st.booleans())
        ):
            fields[field] = draw(FIELDS[field])
    event: VisitEvent | DeviceEvent = event_class(**fields)
    return event


@pytest.mark.parametrize("name", EVENT_CLASSES)
@settings(max_examples=15)
@given(st.data())
def test_an_event_comes_back_as_it_went_out(name: str, data: st.DataObject) -> None:
    event = data.draw(events(name))
    wire = encode(event)
    assert decode(wire) == event
    assert len(wire) < MAX_EVENT_BYTES / 8
    assert b"null" not in wire


@settings(max_examples=30)
@given(events("ticket_issued.v1"))
def test_event_time_is_kept_in_utc_to_the_microsecond(event: VisitEvent) -> None:
    read = decode(encode(event))
    assert read.occurred_at.tzinfo is UTC  # type: ignore[union-attr]
    assert read.occurred_at == event.occurred_at  # type: ignore[union-attr]
