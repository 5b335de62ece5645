# SPDX-License-Identifier: Apache-2.0
"""Revoke: a station's box was stolen or copied. Its key opens nothing here any more, and the national log says since when it is not to be believed.

What the national log had seen before holds as it did: nobody can write it anew.
"""

from dataclasses import dataclass
from typing import Final, final

from kua.centre.log.nation import Nation
from kua.core.election import Election
from kua.core.errors import Misused, Refused
from kua.core.instant import Instant
from kua.ports.clock import Clock
from kua.proof.leaf import CITATION, make_leaf

REASONS: Final = ("stolen", "lost", "copied", "order")
"""Why a key may be revoked."""
ORDERED_BY: Final = ("chair", "territorial", "central", "centre")
"""Who may be named as the one who ordered it."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """Whose key, by which article, why, by whom, and since when (Unix ms) it is not to be believed; None: from now on."""

    station: str
    article: str
    reason: str
    by: str
    since: Instant | None = None

    def require_sound(self, election: Election, now: Instant) -> None:
        """Check every word before anything is logged: a revocation cannot be taken back.

        Raises `Rejected("election.no_station")`, `Misused("revoke.word" | "stop.article" | "revoke.since")`.
        """
        _ = election.station(self.station)
        for given, known in ((self.reason, REASONS), (self.by, ORDERED_BY)):
            if given not in known:
                raise Misused("revoke.word", given=given[:40], known=", ".join(known))
        if not self.article.strip() or not CITATION(self.article):
            raise Misused("stop.article")
        if self.since is not None and not 0 <= self.since <= now:
            raise Misused("revoke.since")


@final
class Revoke:
    """The service."""

    def __init__(self, election: Election, nation: Nation, clock: Clock) -> None:
        self._election, self._nation, self._clock = election, nation, clock

    async def revoke(self, order: Revocation) -> int:
        """Log the revocation; return the index of the leaf in the national log. From the first moment on nothing of that key is taken any more.

        Raises as `require_sound`, `Refused("revoke.no_key" | "revoke.again")`, `Unavailable("disk.*")`.
        """
        now = self._clock.now()
        order.require_sound(self._election, now)
        station = self._election.station(order.station).id
        held = self._nation.certificates.get(station)
        if held is None:
            raise Refused("revoke.no_key", station=station)
        if station in self._nation.revoked:
            raise Refused("revoke.again", station=station)
        leaf = make_leaf(
            "revoked", at=now, station=station, vkey=held[0], since=now if order.since is None else order.since,
            article=order.article, by=order.by, reason=order.reason,
        )  # fmt: skip
        return await self._nation.revoke(station, leaf)
