# SPDX-License-Identifier: Apache-2.0
"""Paper where the hiding table lets it be seen: sharp at the presentation spot, and at the counting table as piles and sheets without a mark.

Two halves. `flat_paper` hides: whatever looks like paper in a zone is to be painted with one colour, so that a mark on a ballot changes nothing at
all. `Spot` shows: what looks like paper, or stands by itself with nobody reaching in, and has been at rest for a second in which people were
looked for, is no person. A head, found or presumed, is never in what either of them shows, and without calibrated heads nothing is shown.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from kua.core.instant import Instant
from kua.sight.grid import BLOCK, Cells, Mask, block_mean, block_sums, closed, grown
from kua.sight.plan import CELLS_ACROSS, heights_of

NEUTRAL: Final = 12.0
"""Paper is as colourless as this, in levels of U and V; skin under the same light is not."""
REST: Final = 1_000
"""Milliseconds that a place must have been at rest before it is shown: at least two looks for people have passed by then."""
CALM: Final = 10.0
"""Levels by which the mean of a block at rest may differ from one picture to the next."""
LOOKED: Final = 900
"""Milliseconds after which the last look for people no longer says anything."""
TALLEST: Final = 2.5
"""What stands by itself and is taller than so many heads may be a person."""
NARROWEST: Final = 1.6
"""What stands by itself and is narrower than so many heads may be a head."""
ARM: Final = 0.6
"""What is narrower than so many heights of a head is an arm, not a head."""
_STEPS: Final = 96


def like_paper(cells: Cells, bright: float) -> Mask:
    """Return the blocks that are bright and without colour; `bright` is the least mean level."""
    light: Mask = block_sums(cells.y) >= np.int16(64 * bright)
    for part in (cells.u, cells.v):
        light &= np.abs(block_mean(part) - 128) <= NEUTRAL
    return light


def flat_paper(cells: Cells, zone: Mask, bright: float, head: npt.NDArray[np.float64] | None) -> Mask:
    """Return what of `zone` is paper to be painted flat, marks included: gaps of a mark's size in it are part of it.

    Paper is flattened whether or not it equals the room, since thin strokes on it are weaker than the noise that a room is allowed.
    """
    paper = like_paper(cells, bright) & grown(zone, 2, 2, 2)
    return closed(paper, _gap(paper, head)) & zone


def spilled(paper: Mask, zone: Mask) -> Mask:
    """Return what of `paper` hangs together with paper outside `zone`: a sheet nearer to the camera than the table, on which nothing is known
    of the size of a mark."""
    around = grown(zone, 1, 1, 1)
    return reached(paper & around & ~zone, paper & around)


def cell_of_piles(head: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    """Return the mosaic cell between the piles: the finest multiple of 8 pixels of which at most four cross a head."""
    return np.asarray(np.maximum(BLOCK, np.ceil(head / CELLS_ACROSS / BLOCK) * BLOCK), dtype=np.int32)


def broad(mass: Mask, head: npt.NDArray[np.float64]) -> Mask:
    """Return where `mass` is as broad as a head, with half a head around: an arm that reaches over the table is not."""
    columns = np.arange(mass.shape[1], dtype=np.int32)[None, :]
    left = np.maximum.accumulate(np.where(mass, np.int32(-1), columns), axis=1)
    right = np.minimum.accumulate(np.where(mass, np.int32(mass.shape[1]), columns)[:, ::-1], axis=1)[:, ::-1]
    core = mass & ((right - left - 2) * BLOCK >= ARM * head)  # a width in whole blocks is up to a block too much
    reach = int(np.ceil(float(head.max(initial=0)) / (2 * BLOCK)))
    return grown(core, reach, reach, reach)


def reached(seeds: Mask, within: Mask) -> Mask:
    """Return what of `within` hangs together with `seeds`. Where the way is too winding to be followed, all of it."""
    out = seeds & within
    if not out.any():
        return out
    for _ in range(_STEPS):
        more = grown(out, 2, 2, 2) & within
        if np.array_equal(more, out):
            return out
        out = more
    return within


def _gap(paper: Mask, head: npt.NDArray[np.float64] | None) -> int:
    """Blocks to either side by which paper is closed: an eighth of a head (3 cm), two blocks where no head is known."""
    if head is None or not paper.any():
        return 2
    return max(1, int(np.ceil(float(head[paper].max()) / 8 / (2 * BLOCK))))


class Spot:
    """The zones with `paper` of one camera, from picture to picture."""

    def __init__(self, zone: Mask) -> None:
        self._zone = zone
        self._since = np.full(zone.shape, -1, dtype=np.int64)
        self._before = np.zeros(zone.shape, dtype=np.float32)
        self._looked: Instant | None = None
        self._wanted = False

    def has_looked(self, at: Instant) -> bool:
        """Whether people were looked for a moment ago."""
        return self._looked is not None and 0 <= at - self._looked <= LOOKED

    def looked(self, at: Instant) -> None:
        """Note that people were looked for in the picture of `at`, and the detector did not fail."""
        self._looked = at

    def shows(
        self, at: Instant, cells: Cells, bright: float, changed: Mask, hidden: Mask, heads: Mask, size: npt.NDArray[np.float64] | None
    ) -> Mask:
        """Return the blocks of `hidden` that may be sharp. `heads` are the blocks of found and presumed heads, `changed` those that differ
        now, `size` the calibrated height of a head in pixels for each block."""
        none = np.zeros(self._zone.shape, dtype=np.bool_)
        mean = block_mean(cells.y)
        calm = np.abs(mean - self._before) <= CALM
        self._before = mean
        self._wanted = False
        if size is None or not self._zone.any():
            return none
        paper = closed(like_paper(cells, bright) & self._zone, max(0, int(float(size[self._zone].max(initial=0)) / (4 * BLOCK))))
        may = (paper | self._alone(changed, size)) & self._zone & hidden & ~grown(heads, 2, 2, 2) & calm
        self._wanted = bool(may.any())
        if not self.has_looked(at):
            self._since[:] = -1
            return none
        self._since = np.where(may, np.where(self._since < 0, np.int64(at), self._since), np.int64(-1))
        return np.asarray(may & (at - self._since >= REST), dtype=np.bool_)

    def is_waiting(self) -> bool:
        """Whether anything is shown, or may be soon: people are then looked for as often as can be."""
        return self._wanted

    def _alone(self, changed: Mask, size: npt.NDArray[np.float64]) -> Mask:
        """What lies wholly inside the zone, is no taller than a box and no narrower than one: nobody reaches in."""
        mass = closed(changed, 2)
        outside = mass & ~self._zone
        mine = mass & self._zone
        tall = heights_of(mine) * BLOCK > TALLEST * size
        near = grown(outside, 1, 1, 1)
        narrow = mine & (NARROWEST * size > heights_of(mine.T).T * BLOCK)
        return mine & ~reached(near | tall, mine) & ~narrow
