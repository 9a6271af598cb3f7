"""Tells whether a password has changed, where it can be written and never read back.

Everybody who may see boards can read what stands beside the data source: the digest is slow to
compute, and so short that a guess which fits it is hardly ever the password.
"""

from __future__ import annotations

import hashlib
import hmac

_BYTES = 3


def digest(password: str, salt: bytes) -> str:
    """A short salted digest, to be kept in the open."""
    made = hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1, dklen=_BYTES)
    return f"{salt.hex()}:{made.hex()}"


def matches(password: str, kept: str) -> bool:
    """Whether the digest is of this password; True for another one of sixteen millions."""
    try:
        salt = bytes.fromhex(kept.partition(":")[0])
    except ValueError:
        return False
    return hmac.compare_digest(digest(password, salt), kept)
