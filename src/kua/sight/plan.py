# SPDX-License-Identifier: Apache-2.0
"""The decision of what one picture shows: for each block of 8 pixels why it is hidden and how it is painted. Paints nothing."""

from dataclasses import dataclass
from enum import IntFlag
from typing import Final

import numpy as np
import numpy.typing as npt

from kua.sight.grid import BLOCK, PAD, Mask, Plane, blocks_of, grown

CELLS_ACROSS: Final = 4
"""At most so many mosaic cells cross a head; more would leave a face recognisable (measured: 11 across a 180-pixel face do)."""
LARGEST: Final = 96
"""Largest mosaic cell in pixels; where a head needs larger ones it is filled."""


NEAR: Final = 24
"""A silhouette of so many blocks is near the camera."""


class Reason(IntFlag):
    """Why a block is hidden. Several may hold at once."""

    BOOTH = 1
    SCREEN = 2
    LIST = 4
    NOT_ROOM = 8
    HOLD = 16
    FACE = 32
    PERSON = 64
    UNKNOWN = 128


PRIORITY: Final = (
    Reason.BOOTH,
    Reason.SCREEN,
    Reason.LIST,
    Reason.FACE,
    Reason.PERSON,
    Reason.NOT_ROOM,
    Reason.UNKNOWN,
    Reason.HOLD,
)
"""Where several reasons hold, the first of these is the one that is told."""


@dataclass(frozen=True, slots=True, eq=False)
class Finer:
    """How the slot of one picture is painted: `where` (blocks) in cells of `cell` pixels, twice as large where there is `paper` ([2 rows, 2 columns] of a block)."""

    where: Mask
    cell: int
    paper: Mask


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What to do with one picture. Masks are [rows, columns] of blocks. `whole` names the reason when all of it is filled."""

    fill: Mask
    mosaic: Mask
    cell: npt.NDArray[np.int32]
    """Side of the mosaic cell in pixels that each block is painted with: a multiple of 8."""
    grey: bool
    reasons: npt.NDArray[np.uint8]
    whole: str | None = None
    flat: Mask | None = None
    """Blocks of `mosaic` that are painted as paper, in one colour, before the means of their neighbours are taken."""
    still: Plane | None = None
    """The still of the empty room that is painted in place of the picture, with one colour where `mosaic` is (H3)."""
    slot: Finer | None = None
    """Where mosaic is painted in finer cells than `cell`: at the slot."""

    @property
    def hidden(self) -> Mask:
        """Blocks that are filled or mosaic."""
        if self.whole is not None:
            return np.ones_like(self.fill)
        return self.fill | self.mosaic


def whole_plan(reason: str, width: int, height: int) -> Plan:
    """Return the plan that fills everything."""
    size = blocks_of(width, height)
    everything, nothing = np.ones(size, dtype=np.bool_), np.zeros(size, dtype=np.bool_)
    return Plan(everything, nothing, np.full(size, PAD, np.int32), False, np.zeros(size, np.uint8), reason)


def cell_for(head: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    """Return the mosaic cell for heads of `head` pixels: a multiple of 16 of which at most four cross the head. Not bounded above."""
    return np.asarray(np.maximum(PAD, np.ceil(head / CELLS_ACROSS / PAD) * PAD), dtype=np.int32)


def heads_at(rows: int, height: int, heads: tuple[tuple[float, int], ...]) -> npt.NDArray[np.float64]:
    """Return the height of a head in pixels for each row of blocks.

    `heads` are pairs of depth (share of the picture's height) and height of a head there in pixels. Between two depths the size is
    interpolated, outside them the nearest holds.
    """
    known = sorted(heads)
    middle = (np.arange(rows) + 0.5) * BLOCK / height
    return np.asarray(np.interp(middle, [y for y, _ in known], [float(px) for _, px in known]), dtype=np.float64)


def heights_of(mask: Mask) -> npt.NDArray[np.int16]:
    """Return for each block the height in blocks of the tallest unbroken column of `mask` within four blocks to either side."""
    rows = mask.shape[0]
    row = np.arange(rows, dtype=np.int16)[:, None]
    above = np.maximum.accumulate(np.where(mask, np.int16(-1), row), axis=0)
    below = np.minimum.accumulate(np.where(mask, np.int16(rows), row)[::-1], axis=0)[::-1]
    tallest = np.where(mask, below - above - np.int16(1), np.int16(0))
    for stride in (1, 3):  # 1 + 3 blocks to either side
        wide = np.pad(tallest, ((0, 0), (stride, stride)))
        reach = [wide[:, shift : shift + mask.shape[1]] for shift in range(0, 2 * stride + 1, stride)]
        tallest = np.maximum(np.maximum(reach[0], reach[1]), reach[2])
    return np.asarray(tallest, dtype=np.int16)


def heights_beyond(mask: Mask, heights: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    """Return `heights` of `mask`, doubled where a figure stands on the lower border of the picture: of whoever is cut off there, half at most
    is taken to be seen."""
    if not mask.size or not mask[-1].any():
        return heights
    rows = mask.shape[0]
    last = np.maximum.accumulate(np.where(mask, np.int16(-1), np.arange(rows, dtype=np.int16)[:, None])[::-1], axis=0)[::-1] < 0
    wide = np.pad(heights, ((0, 0), (8, 8)))
    tallest = np.max([wide[:, shift : shift + mask.shape[1]] for shift in range(0, 17, 4)], axis=0)
    return np.asarray(np.where(grown(last, 0, 0, 4), 2 * tallest, heights), dtype=np.int16)


def presumed_heads(mask: Mask, head: npt.NDArray[np.float64] | None) -> Mask:
    """Return where in the silhouettes of `mask` heads must be presumed, though nobody found them: the upper part of every column that is tall enough for
    head and shoulders. `head` is the calibrated height of a head in pixels for each block; without it three tenths of the column are taken.

    An arm stretched over a box is no such column; of two people one before the other only the upper one's head is found in this way.
    """
    rows = mask.shape[0]
    row = np.arange(rows, dtype=np.int16)[:, None]
    above = np.maximum.accumulate(np.where(mask, np.int16(-1), row), axis=0)
    below = np.minimum.accumulate(np.where(mask, np.int16(rows), row)[::-1], axis=0)[::-1]
    tall, deep = below - above - np.int16(1), row - above - np.int16(1)
    reach = np.maximum(np.float64(0.3) * tall, 0 if head is None else 1.4 / BLOCK * head)
    least = 5 if head is None else np.maximum(2.0 / BLOCK * head, 3)
    return np.asarray(mask & (tall >= least) & (deep < reach), dtype=np.bool_)


def upper(mask: Mask, *shares: float) -> list[Mask]:
    """Return, for each of `shares`, that upper part of every unbroken column of `mask`."""
    rows = mask.shape[0]
    row = np.arange(rows, dtype=np.int16)[:, None]
    above = np.maximum.accumulate(np.where(mask, np.int16(-1), row), axis=0)
    below = np.minimum.accumulate(np.where(mask, np.int16(rows), row)[::-1], axis=0)[::-1]
    deep, tall = row - above, below - above
    return [np.asarray(mask & (deep <= share * tall), dtype=np.bool_) for share in shares]


def heads_within(heights: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    """Return for each block how high in pixels a head may be there, where none was calibrated: half as high as what differs about it,
    since what differs is at least head and shoulders."""
    return np.asarray(heights * (BLOCK / 2), dtype=np.float64)


def squared(mask: Mask, heights: npt.NDArray[np.int16]) -> Mask:
    """Return the corners between a head and its shoulders: blocks with `mask` both below and beside them, within a fifth of its height, and
    within a third of it near the camera, where arms reach far and there is most to see.

    A silhouette's outline says who somebody is, and hair and hats that resemble the wall fall into these corners.
    """
    corners = np.zeros_like(mask)
    for least, up, side in ((10, 2, 3), (20, 4, 8), (NEAR, 8, 12), (42, 14, 21)):
        tall = mask & (heights >= least)
        if not tall.any():
            break
        corners |= grown(tall, up, 0, 0) & grown(tall, 0, 0, side)
    return corners
