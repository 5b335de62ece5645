# SPDX-License-Identifier: Apache-2.0
"""The liveness code (R22): six letters that nobody could know before a national checkpoint existed, for the picture to show (docs/spec/liveness.md)."""

from typing import Final

from kua.core.digest import sha256

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U."""
LETTERS: Final = 6
_LABEL: Final = b"kua/code/v1\n"


def liveness_code(origin: str, note: bytes) -> str:
    """Return the code of the station `origin` for a national checkpoint, `note` to the byte as its `beacon` leaf holds it.

    30 bits of SHA-256("kua/code/v1" LF origin LF note): film of another station or another moment shows another code but for one in 2^30.
    """
    number = int.from_bytes(sha256(_LABEL + origin.encode() + b"\n" + note)[:4], "big") >> 2
    return "".join(ALPHABET[number >> shift & 31] for shift in range(25, -1, -5))
