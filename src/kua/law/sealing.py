# SPDX-License-Identifier: Apache-2.0
"""Whether a sealed film may be kept in a phase. Off by default: the election file must ask for it and the law must allow it.

No setting of a station has a say. Without a sealed film nobody, a court neither, can ever identify a stuffer: that is the price of not keeping one,
and it is decided before the opening, for each phase, and said on the door.
"""

from typing import Final

from kua.core.election import Election
from kua.core.verdict import Verdict
from kua.law.profile import Profile, may_use

SEALED: Final = "sealed_film"
"""The clause of a profile that lists the phases in which a sealed film may be kept. A profile without it allows none."""
NO_LAW: Final = "-"
"""What stands for an article where the law says nothing."""


def may_seal(election: Election, profile: Profile | None, phase: str) -> Verdict:
    """Whether a sealed film may be kept in `phase`. A clause that no lawyer has confirmed holds in rehearsals only: what people look like is not kept on a
    guess about the law."""
    if election.sealed is None or phase not in election.sealed.phases:
        return Verdict(allowed=False, article=NO_LAW, reason="sealed.off")
    clause = profile.clauses.get(SEALED) if profile is not None else None
    if profile is None or clause is None or not isinstance(clause.value, list) or phase not in clause.value:
        return Verdict(allowed=False, article=clause.article if clause else NO_LAW, reason="sealed.no_law")
    usable = may_use(clause, election.kind, ())
    return usable if not usable.allowed else Verdict(allowed=True, article=clause.article, reason="sealed.kept")


def phases_sealed(election: Election, profile: Profile | None) -> tuple[str, ...]:
    """Return the phases in which a sealed film is kept, in the order of the election file; none where it is off."""
    return tuple(phase for phase in (election.sealed.phases if election.sealed else ()) if may_seal(election, profile, phase).allowed)
