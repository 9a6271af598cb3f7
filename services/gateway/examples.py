"""Examples of what may be sent, for the API's description; a test sends every one of them."""

from __future__ import annotations

import json
from typing import Any

SITE = "creteil-accueil"
_BOOT = "0193b9a0-0000-7000-8000-000000000001"
# services/core/visit_id.py: site, queue, business date and number of the ticket below.
_VISIT = "45193776-51ba-5125-9ca6-89a8b86a43f4"


def _event(kind: str, seq: int, at: str, source: str, **fields: Any) -> dict[str, Any]:
    return {
        "event_id": f"0193b9a0-0000-7000-8000-0000000001{seq:02d}",
        "type": kind,
        "version": 1,
        "source": source,
        "boot_id": _BOOT,
        "seq": seq,
        "monotonic_ms": seq * 60_000,
        "occurred_at": f"2026-11-25T{at}+01:00",
        "clock": {"synced": True},
        "site": SITE,
        **fields,
    }


TICKET = _event(
    "ticket_issued",
    1,
    "09:14:03",
    "acc-borne-1",
    visit_id=_VISIT,
    queue="acc-titres",
    number="T042",
    directorate="dcl",
    service="titres",
)
CALLED = _event("called", 2, "09:31:40", "acc-guichets", visit_id=_VISIT, desk="acc-g01")
SERVED = _event("service_ended", 3, "09:38:12", "acc-guichets", visit_id=_VISIT, desk="acc-g01")
HEARTBEAT = _event("heartbeat", 4, "09:40:00", "acc-borne-1", covers_s=60)


def _cloud_event(event: dict[str, Any]) -> dict[str, Any]:
    attributes = {
        "specversion": "1.0",
        "id": event["event_id"],
        "source": f"/{SITE}/{event['source']}",
        "type": f"com.example.{event['type']}.v1",
        "time": event["occurred_at"],
        "datacontenttype": "application/json",
    }
    said = ("event_id", "source", "type", "version", "occurred_at")
    data = {name: value for name, value in event.items() if name not in said}
    return attributes | {"data": data}


CLOUD_EVENT = _cloud_event(CALLED)
BINARY_HEADERS = {
    f"ce-{name}": value
    for name, value in CLOUD_EVENT.items()
    if name not in ("data", "datacontenttype")
}
BINARY_BODY = CLOUD_EVENT["data"]

BY_MEDIA_TYPE: dict[str, dict[str, Any]] = {
    "application/json": {
        "one event": TICKET,
        "a sign of life": HEARTBEAT,
        "many events": [TICKET, CALLED, SERVED],
    },
    "application/x-ndjson": {
        "many events": "".join(json.dumps(one) + "\n" for one in (TICKET, CALLED, SERVED))
    },
    "application/cloudevents+json": {"one CloudEvent": CLOUD_EVENT},
    "application/cloudevents-batch+json": {
        "many CloudEvents": [_cloud_event(one) for one in (TICKET, CALLED, SERVED)]
    },
}
"""Bodies by media type and a name for each."""
