# SPDX-License-Identifier: Apache-2.0
"""Stop: end the publication of a camera at once, with a `withdrawn` leaf for everybody to see. Recording goes on; hashes stay in the log."""

from dataclasses import dataclass
from typing import final

from kua.centre.broadcast.service import Broadcast
from kua.centre.ingest.members import Members
from kua.centre.log.nation import Nation
from kua.core.election import Election
from kua.core.errors import Rejected
from kua.core.instant import Instant
from kua.ports.clock import Clock
from kua.proof.leaf import make_leaf


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


@final
class Withdraw:
    """The service."""

    def __init__(self, election: Election, members: Members, nation: Nation, broadcast: Broadcast, clock: Clock) -> None:
        self._election, self._members, self._nation, self._broadcast, self._clock = election, members, nation, broadcast, clock

    async def stop(self, order: Order) -> int:
        """Log the withdrawal, then take the film away; return the index of the leaf in the national log.

        The leaf is first, so that nothing ever disappears without a word. Raises `Rejected` (`election.no_station`, `election.no_camera`,
        `leaf.schema`), `Unavailable("disk.*")`.
        """
        station = self._election.station(order.station)
        if order.cam not in {camera.id for camera in station.cameras}:
            raise Rejected("election.no_camera", station=station.id, camera=order.cam[:20])
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
