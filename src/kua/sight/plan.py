# SPDX-License-Identifier: Apache-2.0
"""The decision of what one picture shows: for each block of 8 pixels why it is hidden and how it is painted. Paints nothing."""

from dataclasses import dataclass
from enum import IntFlag
from typing import Final

import numpy as np
import numpy.typing as npt

from kua.sight.grid import BLOCK, PAD, Mask, blocks_of

CELLS_ACROSS: Final = 4
"""At most so many mosaic cells cross a head; more would leave a face recognisable (measured: 11 across a 180-pixel face do)."""
LARGEST: Final = 96
"""Largest mosaic cell in pixels; where a head needs larger ones it is filled."""


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
class Plan:
    """What to do with one picture. Masks are [rows, columns] of blocks. `whole` names the reason when all of it is filled."""

    fill: Mask
    mosaic: Mask
    cell: npt.NDArray[np.int32]
    """Side of the mosaic cell in pixels that each block is painted with: a multiple of 8."""
    grey: bool
    reasons: npt.NDArray[np.uint8]
    whole: str | None = None

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


def heads_within(mask: Mask) -> npt.NDArray[np.float64]:
    """Return for each block how high in pixels a head may be there, where none was calibrated: half as high as what differs about it.

    What differs is at least head and shoulders, so a head is at most half of it. The height is that of the tallest unbroken column of
    `mask` within four blocks to either side.
    """
    up, down = np.zeros(mask.shape, np.int32), np.zeros(mask.shape, np.int32)
    for row in range(mask.shape[0]):
        up[row] = (up[row - 1] + 1) * mask[row] if row else mask[row]
        back = mask.shape[0] - 1 - row
        down[back] = (down[back + 1] + 1) * mask[back] if row else mask[back]
    run = np.maximum(up + down - 1, 0)
    wide = np.pad(run, ((0, 0), (4, 4)))
    tallest = np.max([wide[:, shift : shift + mask.shape[1]] for shift in range(9)], axis=0)
    return np.asarray(tallest * (BLOCK / 2), dtype=np.float64)
