# SPDX-License-Identifier: Apache-2.0
"""Following boxes from picture to picture, by where they are and how they move alone: two rounds of pairing, sure boxes first, then doubtful ones for whoever is left
(the idea of ByteTrack, Zhang et al. 2022).

A path is short-lived: it ends when nothing fits it for a while, and whoever comes back is a new one. It holds no picture, no look and no name (ADR 5); its number
orders paths within one run and means nothing outside of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kua.core.instant import Instant
from kua.tally.pairs import Likeness, Pairs, best_sum

SECOND: Final = 1000
"""Milliseconds."""
WALK: Final = 0.8
"""Deviation of a pace of which nothing is known yet, in heights of the box a second."""
REACH: Final = 0.25
"""Boxes are enlarged for pairing by how far somebody may have gone unforeseen, but by no more than this part of their height."""
RECENT: Final = 500
"""Doubtful boxes are paired with paths that were found within so many milliseconds, or in one of the last two pictures."""


@dataclass(frozen=True, slots=True)
class Found:
    """A box in which somebody was found, in pixels of the picture, `x0 <= x < x1`, `y0 <= y < y1`; it may reach outside. `score` is 0..1."""

    x0: float
    y0: float
    x1: float
    y1: float
    score: float

    @property
    def foot(self) -> tuple[float, float]:
        """The middle of the lower edge: where somebody stands."""
        return (self.x0 + self.x1) / 2, self.y1


@dataclass(frozen=True, slots=True)
class Pace:
    """The figures of following. Times in milliseconds, scores and likenesses 0..1, deviations in heights of a box."""

    sure: float = 0.5
    """Boxes of this score on are paired first."""
    doubtful: float = 0.3
    """Boxes below it are not looked at."""
    new: float = 0.5
    """From this score on a box that fits no path begins one."""
    alike: float = 0.15
    """Least likeness (overlap over union) of the first round."""
    alike_doubtful: float = 0.4
    """And of the second."""
    confirm: int = 2
    """A path counts once it was seen in so many pictures."""
    seldom: int = 600
    """Where pictures are so far apart nobody can be waited for: a path counts at once."""
    lose: int = 2_000
    """A path ends when it was not seen for so long."""
    lose_new: int = 700
    """And one that does not count yet, for so long."""
    jitter: float = 0.05
    """Deviation of a found box's place."""
    push: float = 0.6
    """Deviation by which a pace changes in a second, in heights a second."""


@dataclass(frozen=True, slots=True)
class Path:
    """Where one box goes, as it is in one picture."""

    number: int
    """Orders the paths of one run; from 1."""
    box: Found
    """Where it is now: as found, smoothed, or where it is taken to have gone."""
    seen: Instant
    """When it was last found."""
    counts: bool
    """Whether it was found often enough to be somebody."""


@dataclass(slots=True)
class _Going:
    """A path with what is known of its pace."""

    number: int
    box: Found
    seen: Instant
    place: float
    """Variance of its place, in square pixels."""
    speed: float
    """Variance of its pace."""
    both: float = 0.0
    """Covariance of the two."""
    dx: float = 0.0
    dy: float = 0.0
    """Pixels a second."""
    hits: int = 1
    counts: bool = False

    @property
    def high(self) -> float:
        """Height of the box in pixels."""
        return self.box.y1 - self.box.y0

    def move_on(self, passed: float, push: float) -> None:
        """Foretell where it is after `passed` seconds: at the same pace, which may change by `push` heights a second in each second."""
        box, dx, dy = self.box, self.dx * passed, self.dy * passed
        self.box = Found(box.x0 + dx, box.y0 + dy, box.x1 + dx, box.y1 + dy, box.score)
        force = (push * self.high) ** 2
        self.place += passed * (2 * self.both + passed * self.speed) + force * passed**3 / 3
        self.both += passed * self.speed + force * passed**2 / 2
        self.speed += force * passed

    def meet(self, at: Instant, box: Found, jitter: float) -> None:
        """Correct place and pace by the box that was found (a Kalman filter of place and pace, the same for both directions)."""
        here, noise = self.box, (jitter * (box.y1 - box.y0)) ** 2
        gain, pull = self.place / (self.place + noise), self.both / (self.place + noise)
        off_x, off_y = (box.x0 + box.x1 - here.x0 - here.x1) / 2, (box.y0 + box.y1 - here.y0 - here.y1) / 2
        self.dx, self.dy = self.dx + pull * off_x, self.dy + pull * off_y
        x, y = (here.x0 + here.x1) / 2 + gain * off_x, (here.y0 + here.y1) / 2 + gain * off_y
        wide, tall = (here.x1 - here.x0 + box.x1 - box.x0) / 4, (here.y1 - here.y0 + box.y1 - box.y0) / 4
        self.box = Found(x - wide, y - tall, x + wide, y + tall, box.score)
        self.place, self.both, self.speed = (1 - gain) * self.place, (1 - gain) * self.both, self.speed - pull * self.both
        self.seen, self.hits = at, self.hits + 1


class Paths:
    """Follows the boxes of one run of one camera. Not for two threads; time comes with the pictures and must not go back."""

    def __init__(self, pace: Pace | None = None, pair: Callable[[Likeness, float], Pairs] = best_sum) -> None:
        self._pace = pace or Pace()
        self._pair = pair
        self._paths: list[_Going] = []
        self._next = 1
        self._last: Instant | None = None

    def step(self, at: Instant, found: Sequence[Found]) -> list[Path]:
        """Take in what was found in one picture and return every path that has not ended, by number; those that do not count yet too."""
        pace = self._pace
        passed = 0 if self._last is None else max(0, at - self._last)
        self._last = at
        for path in self._paths:
            path.move_on(passed / SECOND, pace.push)
        sure = [box for box in found if box.score >= pace.sure]
        doubtful = [box for box in found if pace.doubtful <= box.score < pace.sure]
        left, new = self._paired(at, list(self._paths), sure, pace.alike)
        recent = [path for path in left if at - path.seen <= max(RECENT, 2 * passed)]
        self._paired(at, recent, doubtful, pace.alike_doubtful)
        for box in new:
            if box.score >= pace.new:
                self._begin(at, box)
        for path in self._paths:
            path.counts = path.counts or path.hits >= pace.confirm or passed > pace.seldom
        self._paths = [path for path in self._paths if at - path.seen <= (pace.lose if path.counts else pace.lose_new)]
        return [Path(path.number, path.box, path.seen, path.counts) for path in self._paths]

    def _paired(self, at: Instant, paths: list[_Going], boxes: list[Found], least: float) -> tuple[list[_Going], list[Found]]:
        """Pair, correct the paths that were found, and return the paths and the boxes that are left."""
        if not paths or not boxes:
            return paths, boxes
        pairs = self._pair(_likeness(paths, boxes), least)
        for row, column in pairs:
            paths[row].meet(at, boxes[column], self._pace.jitter)
        met, used = {row for row, _ in pairs}, {column for _, column in pairs}
        return [path for n, path in enumerate(paths) if n not in met], [box for n, box in enumerate(boxes) if n not in used]

    def _begin(self, at: Instant, box: Found) -> None:
        high = box.y1 - box.y0
        self._paths.append(_Going(self._next, box, at, (self._pace.jitter * high) ** 2, (WALK * high) ** 2))
        self._next += 1


def _likeness(paths: Sequence[_Going], boxes: Sequence[Found]) -> Likeness:
    """Overlap over union; both are enlarged by how far somebody may have gone unforeseen."""
    ours = np.array([(path.box.x0, path.box.y0, path.box.x1, path.box.y1) for path in paths])
    theirs = np.array([(box.x0, box.y0, box.x1, box.y1) for box in boxes])
    reach = np.array([min(path.place**0.5, REACH * path.high) for path in paths])[:, None, None] * _OUT
    return overlap(ours[:, None] + reach, theirs[None] + reach)


_OUT: Final = np.array([-1.0, -1.0, 1.0, 1.0])
Boxes = npt.NDArray[np.float64]
"""float [..., 4]: x0, y0, x1, y1."""


def overlap(a: Boxes, b: Boxes) -> Likeness:
    """Return intersection over union, 0..1, of boxes that broadcast against each other."""
    low, high = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])
    both = np.prod(np.maximum(high - low, 0.0), axis=-1)
    areas = [np.prod(np.maximum(one[..., 2:] - one[..., :2], 0.0), axis=-1) for one in (a, b)]
    return np.asarray(both / np.maximum(areas[0] + areas[1] - both, 1e-9), dtype=np.float64)
