"""Whether a webhook comes from whom it says: pure, the time and the secrets come in."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping as Headers
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.adapters.mapping import Mapping
from services.adapters.signature_settings import Signature, SignedTime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Verified:
    """The body is what a holder of the secret signed, within the tolerance."""


@dataclass(frozen=True, slots=True)
class NotVerified:
    """Why not, in a sentence that holds no value of the request."""

    reason: str


def verify(
    mapping: Mapping,
    headers: Headers[str, str],
    body: bytes,
    secrets: Sequence[bytes],
    *,
    now: datetime,
) -> Verified | NotVerified:
    """Check the signature of a webhook; any one of the secrets is good.

    `body` is the bytes as they came, `now` is aware. Never raises, whatever the headers hold. A
    mapping without signature, and no secret, verify nothing.
    """
    signature = mapping.signature
    if signature is None:
        return NotVerified("the mapping has no `signature`")
    given = {name.lower(): value.strip() for name, value in headers.items()}
    header = given.get(signature.header.lower())
    if header is None:
        return NotVerified(f"the header {signature.header} is missing")
    stamp = ""
    if signature.timestamp is not None:
        found = _stamp(signature.timestamp, given, header)
        if found is None:
            return NotVerified("the signed time is missing or no number")
        if abs(_time_of(found, signature.timestamp) - now) > timedelta(
            seconds=signature.timestamp.tolerance_s
        ):
            return NotVerified(
                "the signed time is too far from now: a replay, or a clock that is wrong"
            )
        stamp = found
    offered = _parts(header, signature.part) if signature.part else [header]
    content = _signed_content(signature, body, stamp)
    # All are compared, so that the time taken says nothing of which one was near.
    matches = [
        hmac.compare_digest(_encoded(signature, secret, content), _plain(signature, one))
        for secret in secrets
        for one in offered
    ]
    return Verified() if any(matches) else NotVerified("the signature is not that of the body")


def sign(signature: Signature, body: bytes, secret: bytes, stamp: str = "") -> str:
    """The signature as a vendor would send it, without the frame of a `key=value` header."""
    return _encoded(signature, secret, _signed_content(signature, body, stamp)).decode()


def _signed_content(signature: Signature, body: bytes, stamp: str) -> bytes:
    values = {"body": body, "timestamp": stamp.encode(), "url": (signature.url or "").encode()}
    return b"".join(
        values[piece] if place % 2 else piece.encode()
        for place, piece in enumerate(signature.pieces())
    )


def _encoded(signature: Signature, secret: bytes, content: bytes) -> bytes:
    digest = hmac.new(secret, content, getattr(hashlib, signature.algorithm)).digest()
    match signature.encoding:
        case "hex":
            text = digest.hex().encode()
        case "base64":
            text = b64encode(digest)
        case "base64url":
            text = urlsafe_b64encode(digest).rstrip(b"=")
    return signature.prefix.encode() + text


def _plain(signature: Signature, offered: str) -> bytes:
    """What a vendor may write in either way, in ours: capital hexadecimals, base64's padding."""
    match signature.encoding:
        case "hex":
            offered = signature.prefix + offered.removeprefix(signature.prefix).lower()
        case "base64url":
            offered = offered.rstrip("=")
    return offered.encode(errors="replace")


def _stamp(time: SignedTime, given: Headers[str, str], header: str) -> str | None:
    if time.part:
        found = next(iter(_parts(header, time.part)), None)
    else:
        found = given.get((time.header or "").lower())
    return found if found and found.isascii() and found.isdigit() and len(found) <= 14 else None


def _time_of(stamp: str, time: SignedTime) -> datetime:
    seconds = int(stamp) / (1 if time.unit == "s" else 1000)
    # Milliseconds taken for seconds are beyond the calendar: far from now is all that counts.
    return _EPOCH + timedelta(seconds=min(seconds, 1e11))


def _parts(header: str, key: str) -> list[str]:
    pairs = (pair.strip().partition("=") for pair in header.split(","))
    return [value for name, _, value in pairs if name == key]
