"""Passwords of roles without sending one: what the server stores is made, and checked, here."""

from __future__ import annotations

import base64
import hashlib
import hmac
import unicodedata
from typing import Any

import psycopg


def fits(password: str, stored: str | None) -> bool:
    """True when what the server stores was made from this password.

    False also for anything but SCRAM-SHA-256, so that an old MD5 password gets replaced.
    """
    try:
        mechanism, parameters, keys = (stored or "").split("$")
        iterations, salt = parameters.split(":")
        stored_key, _ = keys.split(":")
    except ValueError:
        return False
    if mechanism != "SCRAM-SHA-256":
        return False
    salted = hashlib.pbkdf2_hmac(
        "sha256",
        unicodedata.normalize("NFKC", password).encode(),
        base64.b64decode(salt),
        int(iterations),
    )
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return hmac.compare_digest(hashlib.sha256(client_key).digest(), base64.b64decode(stored_key))


def to_store(connection: psycopg.Connection[Any], role: str, password: str) -> str:
    """What the server shall store, so that the password is in no statement and no server log."""
    stored = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    return stored.decode()
