# SPDX-License-Identifier: Apache-2.0
"""How many pictures a second a busy computer still hides, and how large: it measures what one picture costs and takes fewer, then smaller ones, and
never hides less. Reads no clock.

A rung is a rate and a size. Down at once a measuring span is too full; up only after a calm time, which doubles each time that a step up had to be
taken back. The rate goes first: fewer pictures show less of what happens, smaller ones less of what is to be seen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kua.core.instant import Millis

SPAN: Final = Millis(5_000)
"""Milliseconds over which the load is measured."""
FULL: Final = 0.85
"""Above this share of the time spent on pictures it goes down."""
CALM: Final = 0.6
"""It goes up where the next rung would be expected to need no more than this."""
PATIENCE: Final = Millis(60_000)
"""Milliseconds of calm before a step up."""
MOST_PATIENCE: Final = Millis(16 * 60_000)
LEAST: Final = 2
"""Pictures a second below which it does not go: a hole ends a run after a second."""
SMALLER: Final = ((3, 4), (1, 2))
"""Sizes after the full one, as shares of its width and height."""
NARROWEST: Final = 240
"""Pixels of width below which nothing is made: heads would be no larger than blocks."""

Size = tuple[int, int]
"""Width and height in pixels."""


@dataclass(frozen=True, slots=True)
class Step:
    """A rung that was taken. `reason` is `busy` (down) or `calm` (up)."""

    fps: int
    reason: str
    size: Size = (0, 0)


def rungs_of(fps: int) -> tuple[int, ...]:
    """Return the rates from `fps` down to `LEAST`: each is about three quarters of the one before."""
    rungs = [fps]
    while rungs[-1] > LEAST:
        rungs.append(max(LEAST, rungs[-1] * 3 // 4))
    return tuple(rungs)


def sizes_of(width: int, height: int) -> tuple[Size, ...]:
    """Return the sizes from the full one down, of about its shape: widths are whole squares of 16 pixels, heights are even."""
    sizes = [(width, height)]
    for over, under in SMALLER:
        narrow = (width * over // under + 8) // 16 * 16
        if NARROWEST <= narrow < sizes[-1][0]:
            sizes.append((narrow, round(height * narrow / width / 2) * 2))
    return tuple(sizes)


class Ladder:
    """Decides rate and size of one camera. Times are of one clock that never goes back. `sizes` are those that can be had, the full one first."""

    def __init__(self, fps: int, sizes: Sequence[Size] = ((0, 0),)) -> None:
        rates = rungs_of(fps)
        self._rungs = [*((rate, sizes[0]) for rate in rates), *((rates[-1], size) for size in sizes[1:])]
        self._rung = 0
        self._began: Millis | None = None
        self._busy = 0
        self._calm_since: Millis | None = None
        self._went_up: Millis | None = None
        self._patience = PATIENCE

    @property
    def fps(self) -> int:
        """Pictures a second that are taken now."""
        return self._rungs[self._rung][0]

    @property
    def size(self) -> Size:
        """Width and height of the pictures that are taken now."""
        return self._rungs[self._rung][1]

    def worked(self, began: Millis, ended: Millis) -> Step | None:
        """Note that a picture was worked on from `began` to `ended`; return the step that is taken, if one is."""
        if self._began is None or began - self._began > 2 * SPAN:
            self._begin(began)  # nothing came for a while: that says nothing about load
        self._busy += max(0, ended - began)
        span = ended - (self._began or 0)
        if span < SPAN:
            return None
        load = self._busy / span
        self._begin(ended)
        if load > FULL:
            return self._down(ended)
        return self._up(ended, load)

    def _begin(self, now: Millis) -> None:
        self._began, self._busy = now, 0

    def _down(self, now: Millis) -> Step | None:
        self._calm_since = None
        if self._rung + 1 == len(self._rungs):
            return None
        if self._went_up is not None and now - self._went_up < self._patience:
            self._patience = Millis(min(2 * self._patience, MOST_PATIENCE))
        self._went_up = None
        self._rung += 1
        return self._taken("busy")

    def _up(self, now: Millis, load: float) -> Step | None:
        if not self._rung or load * self._costs(self._rung - 1) / self._costs(self._rung) > CALM:
            self._calm_since = None
            return None
        self._calm_since = now if self._calm_since is None else self._calm_since
        if now - self._calm_since < self._patience:
            return None
        self._rung -= 1
        self._calm_since, self._went_up = None, now
        return self._taken("calm")

    def _costs(self, rung: int) -> int:
        """What a rung may be expected to cost beside another: pixels a second."""
        fps, (width, height) = self._rungs[rung]
        return fps * max(1, width * height)

    def _taken(self, reason: str) -> Step:
        return Step(self.fps, reason, self.size)
