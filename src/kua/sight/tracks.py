# SPDX-License-Identifier: Apache-2.0
"""Remembering where heads were between detections: by overlap of boxes alone, never by looks. A track has no name and ends by itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from kua.core.instant import Instant
from kua.sight.boxes import Box

GROWTH = 0.01
"""Growth of a held box for each frame since it was last seen."""
MOST_GROWTH = 0.6
"""A held box grows by no more than this share."""


@dataclass(slots=True)
class _Track:
    box: Box
    seen: Instant
    unseen: int = 0
    dx: float = 0.0
    dy: float = 0.0

    def now(self) -> Box:
        """Where the box is taken to be: moved on for a while, then kept and grown."""
        steps = min(self.unseen, 10)
        here = self.box.moved(self.dx * steps, self.dy * steps)
        return here.grown(1 + min(GROWTH * self.unseen, MOST_GROWTH))


class Tracks:
    """Keeps boxes for `hold` milliseconds after they were last seen."""

    def __init__(self, hold: int) -> None:
        self._hold = hold
        self._tracks: list[_Track] = []

    def step(self, at: Instant, boxes: Sequence[Box]) -> list[Box]:
        """Take the boxes found now (none where nothing was looked for) and return all that are to be hidden."""
        for track in self._tracks:
            track.unseen += 1
        free = list(self._tracks)
        for box in sorted(boxes, key=lambda found: -found.score):
            best = max(free, key=lambda track: self._likeness(track, box), default=None)
            if best is None or self._likeness(best, box) < 0.2:
                self._tracks.append(_Track(box, at))
                continue
            free.remove(best)
            steps = max(best.unseen, 1)
            moved_x = ((box.x0 + box.x1) - (best.box.x0 + best.box.x1)) / 2 / steps
            moved_y = ((box.y0 + box.y1) - (best.box.y0 + best.box.y1)) / 2 / steps
            best.dx, best.dy = 0.5 * best.dx + 0.5 * moved_x, 0.5 * best.dy + 0.5 * moved_y
            best.box, best.seen, best.unseen = box, at, 0
        self._tracks = [track for track in self._tracks if at - track.seen <= self._hold]
        return [track.now() for track in self._tracks]

    @staticmethod
    def _likeness(track: _Track, box: Box) -> float:
        return track.now().overlap(box) if track.box.kind == box.kind else 0.0
