# SPDX-License-Identifier: Apache-2.0
"""Light that changes a part of the room: what a place that is hidden would look like in the light around it, and patches of sun and shadow.

Nothing here takes on what a hidden place looks like. A hidden place follows its neighbours' change of light, and a patch is known by the room's own
texture: what still shows the room's pattern, only brighter or darker, is light and nobody. Then the room's picture times that one factor, and no more,
is what the place is held against.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from kua.core.instant import Instant
from kua.sight.grid import Mask, block_any, connected, grown

Floats = npt.NDArray[np.float32]

REACH: Final = (12, 48)
"""Cells of 4 pixels within which a place is lit like its neighbours; the nearer ones where there are any."""
ENOUGH: Final = 24
"""So many followed cells within reach are neighbours enough."""

SETTLED: Final = 60_000
"""Milliseconds for which a place must not have moved at all before it may be taken for a patch of light: people breathe."""
MOVES: Final = 5.0
"""Levels by which a cell at rest may be away from its own mean."""
MEAN_OF: Final = 60.0
"""Pictures over which a place at rest is averaged: the room's fine pattern is weaker than a camera's noise."""
BLACK: Final = 16.0
"""The level that no light makes brighter."""
PATTERN: Final = 0.5
"""Levels of standard deviation, a plane taken out, from which on the room has a pattern in and around a block."""
LIKE: Final = 0.8
"""So well must what is seen correlate with it, a plane taken out of both."""
SAME: Final = 0.4
"""And the contrast must have grown with the brightness, to so much of it."""
WITNESSES: Final = 4
"""Least number of connected blocks that must show the room's own pattern in one light, for a patch to be believed."""
MOST_OF: Final = 0.25
"""And least share of those at rest there where the room has any; what lies on the border of a patch shows it badly."""
ONE_LIGHT: Final = 0.12
"""Witnesses' factors lie so near to the patch's."""
FACTORS: Final = (0.5, 2.0)
BESIDE: Final = 2
"""Blocks around a witness, or around a patch, that are of the same light if they agree with it."""
_SIDE: Final = 4
"""Cells to a side of what is looked at for a pattern: a block and half a block around it."""


def carried(step: Floats, base: Floats, followed: Mask) -> Floats:
    """Return the steps of cells that were not `followed`: the mean relative step of those followed around them, times their own brightness.

    All arguments are per cell; `step` and `base` in levels. Cells far from any that was followed take the mean of the whole picture; 0 where none was.
    """
    weight = followed.astype(np.float32)
    relative = np.where(followed, step / np.maximum(base, 8), 0).astype(np.float32)
    total = float(weight.sum())
    out = np.full(step.shape, float(relative.sum()) / total if total else 0.0, dtype=np.float32)
    for reach in reversed(REACH):
        near = _sum_around(weight, reach)
        enough = near >= ENOUGH
        out[enough] = (_sum_around(relative, reach)[enough] / near[enough]).astype(np.float32)
    return np.where(followed, step, out * base).astype(np.float32)


def _sum_around(values: Floats, reach: int) -> Floats:
    rows, columns = values.shape
    total = np.zeros((rows + 2 * reach + 1, columns + 2 * reach + 1), dtype=np.float64)
    total[reach + 1 : reach + 1 + rows, reach + 1 : reach + 1 + columns] = values
    total = total.cumsum(0).cumsum(1)
    span = 2 * reach + 1
    return np.asarray(total[span:, span:] - total[:-span, span:] - total[span:, :-span] + total[:-span, :-span], dtype=np.float32)


@dataclass(slots=True, eq=False)
class Rest:
    """How long each block that differs from the room has been at rest, and what it looks like on average. Not for two threads."""

    mean: Floats = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    """Levels of each cell; where a block is not at rest, of the last picture alone."""
    _number: Floats = field(default_factory=lambda: np.zeros((0, 0), dtype=np.float32))
    _since: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))

    def step(self, at: Instant, level: Floats, differs: Mask) -> Mask:
        """Look at the brightness of one picture's cells (levels, under the room's exposure). Return the blocks that have been at rest for `SETTLED`."""
        if self.mean.shape != level.shape:
            self.mean, self._number = level.copy(), np.ones_like(level)
            self._since = np.full(differs.shape, at, dtype=np.int64)
        moved = block_any(np.asarray(np.abs(level - self.mean) > MOVES)) | ~differs
        self._since[moved] = at
        again = np.repeat(np.repeat(moved, 2, axis=0), 2, axis=1)
        self._number = np.where(again, np.float32(1), np.minimum(self._number + 1, MEAN_OF)).astype(np.float32)
        self.mean += (level - self.mean) / self._number
        return np.asarray(at - self._since >= SETTLED, dtype=np.bool_)


@dataclass(slots=True, eq=False)
class Sight:
    """What is seen of the room's pattern, block by block, where it was looked for."""

    able: Mask
    """The room has a pattern there."""
    shows: Mask
    """And it is seen."""
    own: Floats
    """The block's own factor of brightness; 1 where none was asked for."""

    @property
    def may(self) -> Mask:
        """Blocks that do not contradict the room: no pattern, or one that is seen."""
        return self.shows | ~self.able


def founded(sight: Sight, resting: Mask) -> Floats:
    """Find new patches of light among blocks at rest. Return for each block the factor of its patch; 1 elsewhere.

    Which of the blocks then really are the room in that light is for the comparison to say, block by block and by its usual tolerances.
    """
    factor = np.ones(resting.shape, dtype=np.float32)
    for place in connected(resting) if int(sight.shows.sum()) >= WITNESSES else []:
        witnesses = place & sight.shows
        if int(witnesses.sum()) < WITNESSES:
            continue
        by = float(np.median(sight.own[witnesses]))
        witnesses &= np.abs(sight.own - by) <= ONE_LIGHT * by
        if int(witnesses.sum()) < max(WITNESSES, MOST_OF * int((place & sight.able).sum())) or not FACTORS[0] <= by <= FACTORS[1]:
            continue
        factor[place & grown(witnesses, BESIDE, BESIDE, BESIDE) & sight.may] = by
    return factor


def beside(factor: Floats, agreeing: Mask) -> Floats:
    """Return for each block the mean factor of the patches around it that are seen as they should be (`agreeing`); 1 where there is none."""
    lit = agreeing & (factor != 1)
    if not lit.any():
        return np.ones_like(factor)
    number = _sum_around(lit.astype(np.float32), BESIDE)
    mean = _sum_around(np.where(lit, factor, 0).astype(np.float32), BESIDE) / np.maximum(number, 1)
    return np.where(number > 0.5, mean, 1).astype(np.float32)


def between(room: Floats, now: Floats, factor: Floats, slack: float) -> Mask:
    """Return the blocks all of whose cells lie between the room and the room times `factor` (of blocks), give or take `slack` levels: borders of patches."""
    lit = room * _cells_of(factor)
    return ~block_any(np.asarray((now < np.minimum(room, lit) - slack) | (now > np.maximum(room, lit) + slack)))


def witnesses(room: Floats, now: Floats, among: Mask) -> Sight:
    """Look for the room's pattern in and around the blocks `among`. `room` and `now` are brightness of cells in levels, in the same exposure."""
    sight = Sight(np.zeros_like(among), np.zeros_like(among), np.ones(among.shape, dtype=np.float32))
    row, column = np.nonzero(among)
    if not len(row):
        return sight
    a, b = (
        np.lib.stride_tricks.sliding_window_view(np.pad(cells - np.float32(BLACK), 1, mode="edge"), (_SIDE, _SIDE))[
            2 * row, 2 * column
        ].reshape(-1, _SIDE**2)
        for cells in (room, now)
    )
    factor = b.sum(axis=1) / np.maximum(a.sum(axis=1), 1)
    a, b = a @ _LEFT_OVER, b @ _LEFT_OVER
    energy, both = (a * a).sum(axis=1), (a * b).sum(axis=1)
    patterned = energy >= _SIDE**2 * PATTERN**2
    like = both >= LIKE * np.sqrt(energy * (b * b).sum(axis=1))
    same = np.abs(both / np.maximum(energy, 1e-6) - factor) <= SAME * factor
    sight.able[row, column], sight.shows[row, column], sight.own[row, column] = patterned, patterned & like & same, factor
    return sight


def _without_planes() -> Floats:
    """The matrix that takes the best plane out of a square of cells."""
    y, x = np.mgrid[0:_SIDE, 0:_SIDE].astype(np.float64)
    planes = np.stack([np.ones_like(x).ravel(), x.ravel() - x.mean(), y.ravel() - y.mean()], axis=1)
    return np.asarray(np.eye(_SIDE**2) - planes @ np.linalg.pinv(planes), dtype=np.float32)


_LEFT_OVER: Final = _without_planes()


def _cells_of(blocks: Floats) -> Floats:
    return np.repeat(np.repeat(blocks, 2, axis=0), 2, axis=1)
