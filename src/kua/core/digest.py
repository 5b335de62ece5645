# SPDX-License-Identifier: Apache-2.0
"""SHA-256 digests as a type of their own."""

import hashlib
from typing import NewType

Digest = NewType("Digest", bytes)
"""32 bytes: SHA-256 (FIPS 180-4)."""


def sha256(data: bytes) -> Digest:
    """Return the SHA-256 of `data`."""
    return Digest(hashlib.sha256(data).digest())


def from_hex(text: str) -> Digest:
    """Read 64 lower-case hex digits. Raises `ValueError` for anything else, upper case too: one digest, one spelling."""
    if len(text) != 64 or text.strip("0123456789abcdef"):
        raise ValueError(text)
    return Digest(bytes.fromhex(text))
