# SPDX-License-Identifier: Apache-2.0
"""People in the line and in the room, every 15 s, as intervals that may be published. Sees the mask of what is not the empty room; keeps nothing of it."""

from typing import Final

import numpy as np

from kua.core.errors import Misused
from kua.core.instant import Instant, Millis
from kua.sight.calibration import Calibration
from kua.station.pipe import Counted
from kua.tally.publish import publishable
from kua.tally.queue import LINE, ROOM, Blocks, QueueCount, block_shape, estimate, weights, zone_blocks

EVERY: Final = Millis(15_000)
_NOT_ROOM: Final = ("booth", "screen")


class Counting:
    """Counts one camera. Without a zone for the line (`door`) or without heads in the calibration it counts nothing and `is_possible` is false."""

    def __init__(self, calibration: Calibration) -> None:
        width, height = calibration.width, calibration.height
        zones = calibration.zones
        self._interval: int | None = None
        self._line, self._room = QueueCount(), QueueCount()
        self.is_possible = False
        try:
            line = zone_blocks(zones.get("door", ()), width, height)
            room = np.ones(block_shape(width, height), np.bool_)
            for kind in _NOT_ROOM:
                room &= ~zone_blocks(zones.get(kind, ()), width, height)
            self._in_line = weights(calibration.heads, line, height)
            self._in_room = weights(calibration.heads, room, height)
        except Misused:
            return
        self.is_possible = bool(line.any())

    def see(self, at: Instant, foreground: Blocks) -> Counted | None:
        """Take one picture; return the count of the interval that ended before it, once."""
        if not self.is_possible or foreground.shape != self._in_line.shape:
            return None
        told = None
        if at // EVERY != self._interval:
            told = self.rest()
            self._interval = at // EVERY
        self._line.add(at, estimate(foreground, self._in_line, LINE))
        self._room.add(at, estimate(foreground, self._in_room, ROOM))
        return told

    def rest(self) -> Counted | None:
        """Return the count of what was seen since the last one, or None if nothing was."""
        line, room = self._line.close(), self._room.close()
        if line is None or room is None or line.from_ms >= line.to_ms:
            return None
        queue, people = publishable(line), publishable(room)
        return Counted(line.from_ms, line.to_ms, queue["lo"], queue["hi"], people["lo"], people["hi"])
