"""The id of a visit, derived so that every device finds the same one without asking another."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date
from uuid import UUID, uuid5

from schemas.types import Mode

# Changing it would cut every running visit in two.
NAMESPACE = UUID("6d1f2f0e-5b7c-5c5e-9a3b-0d2f6a1c4e80")


def of_ticket(
    site: str,
    queue: str,
    business_date: date,
    number: str,
    wrap: int = 0,
    *,
    mode: Mode = "live",
) -> UUID:
    """Id of the visit that holds this ticket.

    `business_date` is the site's, with its own hour at which tickets start again; `wrap` says how
    often the queue's numbers had started over that day. `A42` and `A042` are one number; a test
    ticket is never the visit of a real one with its number.
    """
    letters = number.rstrip("0123456789")
    spelled = letters + number[len(letters) :].lstrip("0")
    kind = "ticket" if mode == "live" else "test-ticket"
    return uuid5(NAMESPACE, f"{kind}/{site}/{queue}/{business_date.isoformat()}/{spelled}/{wrap}")


def of_appointment(site: str, keyed_hash: str) -> UUID:
    """Id of the visit that came for this appointment, known by its keyed hash only."""
    return uuid5(NAMESPACE, f"appointment/{site}/{keyed_hash}")


def of_vendor(system: str, number: str, *, mode: Mode = "live") -> UUID:
    """Id of the visit that a vendor's system knows by this number of its own."""
    kind = "vendor" if mode == "live" else "test-vendor"
    return uuid5(NAMESPACE, f"{kind}/{system}/{number}")


def hash_appointment(token: str, *, day_key: bytes) -> str:
    """Keyed hash of an appointment's token (HMAC-SHA-256, 128 bits kept).

    `day_key` lives for one business day; once it is destroyed the hash leads back to nobody.
    """
    return hmac.new(day_key, token.strip().encode(), hashlib.sha256).hexdigest()[:32]
