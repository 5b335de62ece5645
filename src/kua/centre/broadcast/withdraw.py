# SPDX-License-Identifier: Apache-2.0
"""Stop: end the publication of a camera at once, with a `withdrawn` leaf for everybody to see. Recording goes on; hashes stay in the log."""

from dataclasses import dataclass
from typing import Final, final

from kua.centre.broadcast.service import Broadcast
from kua.centre.ingest.members import Members
from kua.centre.log.nation import Nation
from kua.core.election import Election
from kua.core.errors import Misused, Rejected
from kua.core.instant import Instant
from kua.ports.clock import Clock
from kua.proof.leaf import CITATION, make_leaf

REASONS: Final = ("secrecy", "person", "order")
"""Why film may be withdrawn: a booth or a ballot can be seen, a person can be recognised, a commission or a court has ordered it."""

ORDERED_BY: Final = ("chair", "territorial", "central", "centre", "office")
"""Who may be named as the one who ordered it."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be withdrawn and by whom. Without `start` the whole day is, without `end` all that is still to come, too."""

    station: str
    cam: str
    article: str
    reason: str
    by: str
    start: Instant | None = None
    end: Instant | None = None

    def require_sound(self, election: Election) -> None:
        """Check every word before anything is logged: a withdrawal cannot be taken back.

        Raises `Rejected("election.no_station" | "election.no_camera")`, `Misused("stop.word" | "stop.article" | "stop.times")`.
        """
        station = election.station(self.station)
        if self.cam not in {camera.id for camera in station.cameras}:
            raise Rejected("election.no_camera", station=station.id, camera=self.cam[:20])
        for given, known in ((self.reason, REASONS), (self.by, ORDERED_BY)):
            if given not in known:
                raise Misused("stop.word", given=given[:40], known=", ".join(known))
        if not self.article.strip() or not CITATION(self.article):
            raise Misused("stop.article")
        if self.end is not None and self.end <= (self.start or 0):
            raise Misused("stop.times")


@final
class Withdraw:
    """The service."""

    def __init__(self, election: Election, members: Members, nation: Nation, broadcast: Broadcast, clock: Clock) -> None:
        self._election, self._members, self._nation, self._broadcast, self._clock = election, members, nation, broadcast, clock

    async def stop(self, order: Order) -> int:
        """Log the withdrawal, then take the film away; return the index of the leaf in the national log.

        The leaf is first, so that nothing ever disappears without a word. Raises `Rejected` (`election.no_station`, `election.no_camera`,
        `leaf.schema`), `Misused("stop.*")`, `Unavailable("disk.*")`.
        """
        order.require_sound(self._election)
        station = self._election.station(order.station)
        body = {
            "at": self._clock.now(), "station": station.id, "cam": order.cam, "t0": order.start or 0, "t1": order.end,
            "article": order.article, "by": order.by, "reason": order.reason,
        }
        index = await self._nation.add(make_leaf("withdrawn", **body))
        member = self._members.find(station.id)
        if member is not None:
            member.book.withdraw(index, body)
            await self._broadcast.publish(station.id)
        return index
