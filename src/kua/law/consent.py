# SPDX-License-Identifier: Apache-2.0
"""Whether a person may be shown to the public because they agreed, and whether a piece of published film may stay.

Legal ground: Law on Personal Data, art. 7(3): personal data may be distributed in publicly accessible sources with the consent of the person or of the
legal representative. The answer is no unless everything that the law asks for is there; while people vote it is no whatever anybody agreed to.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from kua.core.instant import Instant
from kua.core.verdict import Verdict

ARTICLE: Final = "Law on Personal Data, art. 7(3)"
SECRECY: Final = "Constitutional Law on Elections, art. 8"
ROLES: Final = frozenset({"chair", "member"})
"""Who may agree to be shown by role: those who conduct the vote. A voter, an observer or a child is never shown for having agreed."""


@dataclass(frozen=True, slots=True)
class Consent:
    """One person's consent, without a name: the role and station that it speaks for, from when on, and when it was taken back."""

    role: str
    station: str
    given: Instant
    withdrawn: Instant | None = None

    def holds(self, station: str, role: str, at: Instant) -> bool:
        """Whether it covers `role` in `station` at `at`. A withdrawal holds from its own moment on."""
        return (self.station, self.role) == (station, role) and self.given <= at and (self.withdrawn is None or at < self.withdrawn)


def may_show(role: str, station: str, phase: str, at: Instant, consents: Iterable[Consent], *, present: int) -> Verdict:
    """Whether people of `role` may be shown in `station` at `at`. `present` is how many people of that role are there: each must have agreed.

    By default nobody: no consent, one too few, an unknown role, a voter, or the voting phase itself means no.
    """
    if phase == "voting":
        return Verdict(False, SECRECY, "consent.voting")
    if role not in ROLES:
        return Verdict(False, ARTICLE, "consent.role")
    held = sum(consent.holds(station, role, at) for consent in consents)
    return Verdict(present > 0 and held >= present, ARTICLE, "consent.missing" if held < present or present <= 0 else "consent.given")
