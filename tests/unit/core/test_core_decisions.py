"""Which events count, by the registry as it was on their day."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from schemas.codec import InvalidEvent, decode
from schemas.reasons import Reason
from schemas.registry import Registry
from services.core.clock import BootAnchor
from services.core.decisions import (
    BACKFILL_HORIZON,
    Accepted,
    RegistryIndex,
    Rejected,
    decide,
)

NOON = datetime(2026, 11, 16, 11, tzinfo=UTC)
TODAY = date(2026, 11, 16)
INSTANT = timedelta(microseconds=1)


def index(**ended: date) -> RegistryIndex:
    """A registry; `dmi=TODAY` ends directorate `dmi` yesterday evening."""

    def entry(code: str, **fields: str) -> dict[str, Any]:
        valid_to = ended.get(code.replace("-", "_"))
        return {"code": code, "valid_to": valid_to, **fields}

    return RegistryIndex(
        Registry.model_validate(
            {
                "code": "val-de-marne",
                "name": "Préfecture",
                "sites": [entry("creteil", name="Créteil"), entry("nogent", name="Nogent")],
                "directorates": [entry("dmi", name="Migrations"), entry("dcl", name="Citoyenneté")],
                "services": [
                    entry("sejour", name="Séjour", directorate="dmi"),
                    entry("asile", name="Asile", directorate="dmi"),
                    entry("titres", name="Titres", directorate="dcl"),
                ],
                "queues": [
                    entry("q-sejour", site="creteil", service="sejour"),
                    entry("q-nogent", site="nogent", service="sejour"),
                ],
                "desks": [entry("g1", site="creteil"), entry("g2", site="nogent")],
                "devices": [
                    entry("borne-1", site="creteil", kind="kiosk"),
                    entry("borne-2", site="nogent", kind="kiosk"),
                ],
            }
        )
    )


REGISTRY = index()


def event(at: datetime = NOON, **changed: Any) -> Any:
    body = {
        "type": "ticket_issued",
        "version": 1,
        "event_id": "01936b6e-0000-7000-8000-000000000001",
        "source": "borne-1",
        "boot_id": "01936b6e-0000-7000-8000-000000000002",
        "seq": 1,
        "monotonic_ms": 0,
        "occurred_at": at.isoformat(),
        "clock": {"synced": True},
        "site": "creteil",
        "visit_id": "01936b6e-0000-7000-8000-000000000003",
        "queue": "q-sejour",
        "number": "A042",
        "directorate": "dmi",
        "service": "sejour",
    } | changed
    if body["type"] != "ticket_issued":
        ticket = {"queue", "number", "directorate", "service"} - changed.keys()
        body = {name: value for name, value in body.items() if name not in ticket}
    if body["type"] in ("heartbeat", "device_started"):
        del body["visit_id"]
    decoded = decode(json.dumps(body).encode())
    assert not isinstance(decoded, InvalidEvent), decoded
    return decoded


def decided(
    an_event: Any,
    registry: RegistryIndex = REGISTRY,
    received_at: datetime = NOON,
    now: datetime = NOON,
    anchor: BootAnchor | None = None,
) -> Accepted | Rejected:
    return decide(an_event, received_at=received_at, now=now, registry=registry, anchor=anchor)


def test_a_known_event_is_accepted_at_its_own_time() -> None:
    an_hour_ago = event(NOON - timedelta(hours=1))
    assert decided(an_hour_ago) == Accepted(an_hour_ago, NOON - timedelta(hours=1), "stated")


@pytest.mark.parametrize(
    ("changed", "reason", "field"),
    [
        ({"site": "cretail"}, Reason.UNKNOWN_SITE, "site"),
        ({"source": "borne-9"}, Reason.UNKNOWN_DEVICE, "source"),
        ({"source": "borne-2"}, Reason.MISMATCH, "source"),
        ({"directorate": "dim"}, Reason.UNKNOWN_DIRECTORATE, "directorate"),
        ({"directorate": "dcl"}, Reason.MISMATCH, "directorate"),
        ({"service": "sejours"}, Reason.UNKNOWN_SERVICE, "service"),
        ({"service": "asile"}, Reason.MISMATCH, "queue"),
        ({"queue": "q-asile"}, Reason.UNKNOWN_QUEUE, "queue"),
        ({"queue": "q-nogent"}, Reason.UNKNOWN_QUEUE, "queue"),
        ({"type": "called", "desk": "g9"}, Reason.UNKNOWN_DESK, "desk"),
        ({"type": "called", "desk": "g2"}, Reason.UNKNOWN_DESK, "desk"),
        (
            {"type": "heartbeat", "covers_s": 60, "source": "borne-9"},
            Reason.UNKNOWN_DEVICE,
            "source",
        ),
    ],
)
def test_an_event_that_contradicts_the_registry_is_refused_with_the_field(
    changed: dict[str, Any], reason: Reason, field: str
) -> None:
    decision = decided(event(**changed))
    assert isinstance(decision, Rejected)
    assert (decision.reason, decision.field) == (reason, field)


@pytest.mark.parametrize(
    ("ended", "reason"),
    [
        ("creteil", Reason.UNKNOWN_SITE),
        ("dmi", Reason.UNKNOWN_DIRECTORATE),
        ("sejour", Reason.UNKNOWN_SERVICE),
        ("q_sejour", Reason.UNKNOWN_QUEUE),
        ("borne_1", Reason.UNKNOWN_DEVICE),
    ],
)
def test_what_ended_yesterday_takes_yesterdays_late_events_and_none_of_today(
    ended: str, reason: Reason
) -> None:
    registry = index(**{ended: TODAY})
    last_minute = datetime(2026, 11, 15, 22, 59, 59, tzinfo=UTC)  # 23:59:59 in Paris
    assert isinstance(decided(event(last_minute), registry), Accepted)
    decision = decided(event(last_minute + timedelta(seconds=1)), registry)
    assert isinstance(decision, Rejected)
    assert decision.reason is reason


def test_a_desk_that_ended_yesterday_calls_nobody_today() -> None:
    call = event(type="called", desk="g1")
    assert isinstance(decided(call), Accepted)
    assert decided(call, index(g1=TODAY)).reason is Reason.UNKNOWN_DESK  # type: ignore[union-attr]


def test_an_event_is_taken_up_to_the_horizon_and_no_later() -> None:
    edge = NOON - BACKFILL_HORIZON
    assert isinstance(decided(event(edge)), Accepted)
    decision = decided(event(edge - INSTANT))
    assert isinstance(decision, Rejected)
    assert (decision.reason, decision.field) == (Reason.TOO_OLD, "occurred_at")


def test_a_dead_letter_replayed_too_late_is_too_old() -> None:
    decision = decided(event(), now=NOON + BACKFILL_HORIZON + INSTANT)
    assert isinstance(decision, Rejected)
    assert decision.reason is Reason.TOO_OLD


def test_a_lying_clock_is_placed_where_it_was_received_and_marked() -> None:
    decision = decided(event(datetime(1970, 1, 1, tzinfo=UTC)))
    assert (decision.corrected_at, decision.method) == (NOON, "uncertain")  # type: ignore[union-attr]


def test_a_repaired_event_is_judged_by_the_registry_of_its_repaired_day() -> None:
    unsynced = event(datetime(1970, 1, 1, tzinfo=UTC), clock={"synced": False})
    yesterday = BootAnchor(1, NOON - timedelta(days=1))
    registry = index(dmi=TODAY)
    assert isinstance(decided(unsynced, registry, anchor=yesterday), Accepted)
    assert isinstance(decided(unsynced, registry), Rejected)


def test_the_ends_of_the_calendar_break_nothing() -> None:
    for at in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)):
        assert decided(event(at)).method == "uncertain"  # type: ignore[union-attr]


@pytest.mark.parametrize("type_", ["no_show", "left", "cancelled", "auto_closed", "returned"])
def test_an_event_that_names_no_place_needs_only_site_and_device(type_: str) -> None:
    assert isinstance(decided(event(type=type_)), Accepted)
