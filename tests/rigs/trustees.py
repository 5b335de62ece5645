# SPDX-License-Identifier: Apache-2.0
"""Twelve trustees in four groups, with keys made here: 1 of 1, 1 of 1, 2 of 5 and 2 of 5, of which three groups must agree."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import pyrage

from kua.adapters.sealing import SealedSlice, decrypt, read_identity, slice_opener
from kua.core.election import PHASES
from kua.core.sealing import Sealing, read_sealing
from kua.proof.sealed import read_share

SIDES: Final = {"commission": (1, 1), "court": (1, 1), "parties": (2, 5), "ngos": (2, 5)}
"""Group to (needed, members)."""


@dataclass(frozen=True)
class Trustees:
    """The quorum and the age identity file of each trustee."""

    sealing: Sealing
    section: dict[str, Any]
    identities: dict[str, bytes]

    def secret(self, trustee: str) -> bytes:
        return read_identity(self.identities[trustee])

    def words(self, opened: SealedSlice, *who: str) -> dict[str, str]:
        """Return the words that the trustees decrypt; all of them by default."""
        return {
            share.trustee: read_share(decrypt(share.ciphertext, self.secret(share.trustee))).words
            for share in opened.shares
            if not who or share.trustee in who
        }


def trustees(*, phases: tuple[str, ...] = ("voting",), sides: dict[str, tuple[int, int]] | None = None, needed: int = 3, days: int = 90) -> Trustees:
    """Make trustees with new keys."""
    identities: dict[str, bytes] = {}
    groups = []
    for group, (least, members) in (sides or SIDES).items():
        holders = []
        for number in range(1, members + 1):
            key = pyrage.x25519.Identity.generate()
            name = group if members == 1 else f"{group}-{number}"
            identities[name] = f"# a trustee of a test\n{key}\n".encode()
            holders.append({"id": name, "recipient": str(key.to_public())})
        groups.append({"id": group, "needed": least, "trustees": holders})
    section = {"phases": list(phases), "needed": needed, "days": days, "groups": groups}
    return Trustees(read_sealing(section, PHASES), section, identities)


@cache
def twelve() -> Trustees:
    """The twelve of the issue, made once."""
    return trustees()


def a_slice(held: Trustees, name: str = "00c0ffee", cam: str = "a") -> SealedSlice:
    """Begin a slice of station 10-245."""
    return slice_opener(held.sealing, election="kz-2026-test", station="10-245", cam=cam, name=lambda: name)()
