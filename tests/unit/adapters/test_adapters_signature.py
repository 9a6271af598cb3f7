"""Webhooks are believed by their signature only."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.adapters.errors import InvalidSecret
from services.adapters.mapping import Mapping
from services.adapters.mapping_file import load_mapping, parse_mapping
from services.adapters.secret_file import load_secrets
from services.adapters.signature import NotVerified, Verified, sign, verify

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))
OLD, NEW = b"old secret", b"new secret"
BODY = b'{"type": "ticket_created"}'
EXAMPLES = Path(__file__).parents[3] / "deploy" / "adapters"


def mapping(**signature: Any) -> Mapping:
    return Mapping.model_validate(
        {
            "name": "vendor",
            "visit": {"id": "id"},
            "events": [{"type": "called", "at": "at"}],
            "signature": {"header": "X-Signature", **signature},
        }
    )


def digest(content: bytes, secret: bytes = OLD, algorithm: str = "sha256") -> bytes:
    return hmac.new(secret, content, getattr(hashlib, algorithm)).digest()


CASES: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "hexadecimals": ({}, {"X-Signature": digest(BODY).hex()}),
    "in capitals": ({}, {"x-signature": digest(BODY).hex().upper()}),
    "sha1": ({"algorithm": "sha1"}, {"X-Signature": digest(BODY, OLD, "sha1").hex()}),
    "sha512": ({"algorithm": "sha512"}, {"X-Signature": digest(BODY, OLD, "sha512").hex()}),
    "base64": ({"encoding": "base64"}, {"X-Signature": b64encode(digest(BODY)).decode()}),
    "base64url": (
        {"encoding": "base64url"},
        {"X-Signature": b64encode(digest(BODY), b"-_").decode()},
    ),
    "a prefix": ({"prefix": "sha256="}, {"X-Signature": "sha256=" + digest(BODY).hex()}),
    "the address": (
        {"signed": "{url}{body}", "url": "https://p.example/v1/hooks/vendor"},
        {"X-Signature": digest(b"https://p.example/v1/hooks/vendor" + BODY).hex()},
    ),
    "a time in a header": (
        {"signed": "v0:{timestamp}:{body}", "timestamp": {"header": "X-Time"}},
        {
            "X-Signature": digest(f"v0:{STAMP}:".encode() + BODY).hex(),
            "X-Time": STAMP,
        },
    ),
    "a time in milliseconds": (
        {"signed": "{timestamp}{body}", "timestamp": {"header": "X-Time", "unit": "ms"}},
        {
            "X-Signature": digest(f"{STAMP}000".encode() + BODY).hex(),
            "X-Time": STAMP + "000",
        },
    ),
    "both in one header": (
        {"signed": "{timestamp}.{body}", "part": "v1", "timestamp": {"part": "t"}},
        {"X-Signature": f"t={STAMP},v1=00,v1={digest(STAMP.encode() + b'.' + BODY).hex()}"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_signature_is_verified_as_the_vendor_makes_it(case: str) -> None:
    signature, headers = CASES[case]
    vendor = mapping(**signature)
    assert verify(vendor, headers, BODY, [OLD], now=NOW) == Verified()
    assert isinstance(verify(vendor, headers, BODY + b" ", [OLD], now=NOW), NotVerified)
    assert isinstance(verify(vendor, headers, BODY, [NEW], now=NOW), NotVerified)
    assert isinstance(verify(vendor, headers, BODY, [], now=NOW), NotVerified)
    assert isinstance(verify(vendor, {}, BODY, [OLD], now=NOW), NotVerified)


def test_during_a_rotation_either_secret_is_good() -> None:
    vendor = mapping()
    assert vendor.signature is not None
    for secret in (OLD, NEW):
        headers = {"X-Signature": sign(vendor.signature, BODY, secret)}
        assert verify(vendor, headers, BODY, [NEW, OLD], now=NOW) == Verified()


@pytest.mark.parametrize("late", [timedelta(seconds=301), timedelta(seconds=-301)])
def test_a_replay_is_refused_beyond_the_tolerance(late: timedelta) -> None:
    signature, headers = CASES["a time in a header"]
    vendor = mapping(**signature)
    inside = late * (300 / 301)
    assert verify(vendor, headers, BODY, [OLD], now=NOW + inside) == Verified()
    refused = verify(vendor, headers, BODY, [OLD], now=NOW + late)
    assert isinstance(refused, NotVerified)
    assert "replay" in refused.reason


def test_a_signed_time_cannot_be_exchanged() -> None:
    signature, headers = CASES["a time in a header"]
    fresh = headers | {"X-Time": str(int(STAMP) + 10)}
    assert isinstance(verify(mapping(**signature), fresh, BODY, [OLD], now=NOW), NotVerified)


def test_a_mapping_without_signature_lets_nobody_in() -> None:
    vendor = mapping().model_copy(update={"signature": None})
    assert isinstance(verify(vendor, {"X-Signature": ""}, BODY, [OLD], now=NOW), NotVerified)


@pytest.mark.parametrize("vendor", ["qminder", "bcgov-queue-management"])
def test_the_examples_are_signed(vendor: str) -> None:
    example = load_mapping(EXAMPLES / vendor / "mapping.yaml")
    assert example.signature is not None
    headers = {
        example.signature.header: sign(example.signature, BODY, OLD, STAMP),
        "X-Timestamp": STAMP,
    }
    assert verify(example, headers, BODY, [OLD], now=NOW) == Verified()


def test_qminder_signs_the_address_and_the_body() -> None:
    example = load_mapping(EXAMPLES / "qminder" / "mapping.yaml")
    signed = digest(b"https://passage.example.fr/v1/hooks/qminder" + BODY).hex()
    assert verify(example, {"X-Qminder-Signature": signed}, BODY, [OLD], now=NOW) == Verified()


@given(
    st.sampled_from(sorted(CASES)),
    st.dictionaries(st.sampled_from(["X-Signature", "X-Time"]), st.text(max_size=60)),
    st.binary(max_size=60),
)
@settings(max_examples=50)
def test_no_header_ends_it(case: str, headers: dict[str, str], body: bytes) -> None:
    refused = verify(mapping(**CASES[case][0]), headers, body, [OLD], now=NOW)
    assert isinstance(refused, NotVerified)


def test_a_secret_file_has_a_secret_a_line(tmp_path: Path) -> None:
    file = tmp_path / "vendor.secret"
    file.write_bytes(b"new secret\n\nold secret \n")
    file.chmod(0o600)
    assert load_secrets(file) == (NEW, OLD)


@pytest.mark.parametrize(
    ("content", "mode", "remedy"),
    [(b"\n", 0o600, "write the vendor's secret"), (OLD, 0o644, "chmod 640"), (OLD, 0o660, "chmod")],
)
def test_a_secret_file_that_is_empty_or_open_is_refused(
    tmp_path: Path, content: bytes, mode: int, remedy: str
) -> None:
    file = tmp_path / "vendor.secret"
    file.write_bytes(content)
    file.chmod(mode)
    with pytest.raises(InvalidSecret, match=remedy) as refused:
        load_secrets(file)
    assert "old secret" not in str(refused.value)


def test_a_signature_that_does_not_sign_the_body_is_no_mapping() -> None:
    with pytest.raises(Exception, match=r"vendor.yaml:5: signature: signed must hold \{body\}"):
        parse_mapping(
            "name: v\nvisit: {id: id}\nevents: [{type: called, at: at}]\n\n"
            'signature: {header: X, signed: "{timestamp}", timestamp: {header: T}}\n',
            "vendor.yaml",
        )
