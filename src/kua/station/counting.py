# SPDX-License-Identifier: Apache-2.0
"""People in the line and in the room, every 15 s, as intervals that may be published. Sees the mask of what is not the empty room and boxes; keeps nothing of the mask.

The line is reckoned by the area that people cover in its zone. The room is counted by boxes of people where a model looks for them, else by silhouettes
(`docs/design/counting.md`).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from kua.core.errors import Misused
from kua.core.instant import Instant, Millis
from kua.sight.boxes import Box
from kua.sight.calibration import Calibration
from kua.station.pipe import Counted
from kua.tally.paths import Found
from kua.tally.people import People
from kua.tally.publish import publishable
from kua.tally.queue import LINE, Blocks, QueueCount, block_shape, estimate, weights, zone_blocks
from kua.tally.silhouettes import Silhouettes

EVERY: Final = Millis(15_000)
FORMS: Final = Millis(1_000)
"""Without a model silhouettes are looked for so often: of fifteen pictures the middle is published."""
_NOT_ROOM: Final = ("booth", "screen")


class Counting:
    """Counts one camera. Without a zone for the line (`door`) or without heads in the calibration it counts nothing and `is_possible` is false."""

    def __init__(self, calibration: Calibration, *, finds_people: bool = False) -> None:
        """`finds_people` says whether a model looks for people: then only pictures that it looked at are counted."""
        width, height = calibration.width, calibration.height
        zones = calibration.zones
        self._interval: int | None = None
        self._forms_at: Instant | None = None
        self._finds_people = finds_people
        self._line, self._found, self._forms = QueueCount(), QueueCount(), QueueCount()
        self._people = People(width, height)
        self.is_possible = False
        try:
            line = zone_blocks(zones.get("door", ()), width, height)
            self._room = np.ones(block_shape(width, height), np.bool_)
            for kind in _NOT_ROOM:
                self._room &= ~zone_blocks(zones.get(kind, ()), width, height)
            self._in_line = weights(calibration.heads, line, height)
            self._silhouettes = Silhouettes(calibration.heads, height, self._room.shape[0])
        except Misused:
            return
        self.is_possible = bool(line.any())

    def see(self, at: Instant, foreground: Blocks, found: Sequence[Box] | None = None) -> Counted | None:
        """Take one picture, with what was `found` in it if it was looked at; return the count of the interval that ended before it, once."""
        if not self.is_possible or foreground.shape != self._in_line.shape:
            return None
        told = None
        if at // EVERY != self._interval:
            told = self.rest()
            self._interval = at // EVERY
        self._line.add(at, estimate(foreground, self._in_line, LINE))
        room = foreground & self._room
        if self._finds_people and found is not None:
            people = [Found(box.x0, box.y0, box.x1, box.y1, box.score) for box in found if box.kind == "person"]
            self._found.add(at, self._people.step(at, people, room).estimate)
        # Where a model looks, silhouettes are for an interval that ended before it did.
        wait = EVERY if self._finds_people else FORMS
        if self._forms_at is None or not 0 <= at - self._forms_at < wait:
            self._forms_at = at
            self._forms.add(at, self._silhouettes.reckon(room))
        return told

    def rest(self) -> Counted | None:
        """Return the count of what was seen since the last one, or None if nothing was."""
        line, found, forms = self._line.close(), self._found.close(), self._forms.close()
        room = found or forms
        self._forms_at = None
        if line is None or room is None or line.from_ms >= line.to_ms:
            return None
        queue, people = publishable(line), publishable(room)
        return Counted(line.from_ms, line.to_ms, queue["lo"], queue["hi"], people["lo"], people["hi"])
