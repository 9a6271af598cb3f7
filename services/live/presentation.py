"""A picture as JSON. What changes by the mere passing of seconds is added here, and only here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.live.picture import Picture, Queue


def present(
    picture: Picture, *, now: datetime, as_of: datetime | None, stale: bool
) -> dict[str, Any]:
    """The site's picture at `now`, as JSON has it; instants in UTC, waits in seconds.

    `as_of` is the instant up to which the database is in it, None when nobody has said.
    """
    return {
        "site": picture.site,
        "label": picture.label,
        "at": _instant(now),
        "as_of": _instant(as_of),
        "stale": stale,
        "complete": True,
        "date": picture.local_date.isoformat(),
        "open": picture.open,
        **_queue(picture.total, now),
        "directorates": [
            {
                **_named(code, picture.directorate_labels),
                **_queue(queue, now),
                "services": [
                    {**_named(service, picture.service_labels), **_queue(of_service, now)}
                    for (directorate, service), of_service in picture.services.items()
                    if directorate == code
                ],
            }
            for code, queue in picture.directorates.items()
        ],
        "silent_devices": list(picture.silent),
        "devices": [
            {
                "device": one.device,
                "kind": one.kind,
                "silent": one.silent,
                "last_received_at": _instant(one.last_received_at),
                "outbox_depth": one.outbox_depth,
            }
            for one in picture.devices
        ],
    }


def _named(code: str, labels: Mapping[str, str]) -> dict[str, Any]:
    return {"code": code, "label": labels.get(code, code)}


def _queue(queue: Queue, now: datetime) -> dict[str, Any]:
    return {
        "passages": queue.passages,
        "waiting": queue.waiting,
        "called": queue.called,
        "persons": queue.persons,
        "waiting_since": _instant(queue.waiting_since),
        "longest_wait_s": queue.longest_wait_s(now),
    }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")
