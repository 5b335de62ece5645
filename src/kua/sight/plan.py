# SPDX-License-Identifier: Apache-2.0
"""The decision of what one picture shows: for each block of 16 pixels why it is hidden and how it is painted. Paints nothing."""

from dataclasses import dataclass
from enum import IntFlag
from typing import Final

import numpy as np
import numpy.typing as npt

from kua.sight.grid import BLOCK, Mask, blocks_of

CELLS_ACROSS: Final = 4
"""At most so many mosaic cells cross a head; more would leave a face recognisable (measured: 11 across a 180-pixel face do)."""
LARGEST: Final = 64
"""Largest mosaic cell in pixels; where a head needs larger ones it is filled."""
UNKNOWN_HEAD: Final = 6
"""Where no head was calibrated, a head is taken to be at most the picture's height divided by this."""


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


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What to do with one picture. Masks are [rows, columns] of blocks. `whole` names the reason when all of it is filled."""

    fill: Mask
    mosaic: Mask
    finer: Mask
    """Part of `mosaic` painted in cells of 8 pixels (slot and box)."""
    cell: npt.NDArray[np.int32]
    """Side of a mosaic cell in pixels for each row of blocks: a multiple of 16."""
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
    return Plan(everything, nothing, nothing, np.full(size[0], BLOCK, np.int32), False, np.zeros(size, np.uint8), reason)


def cell_sizes(height: int, heads: tuple[tuple[float, int], ...]) -> tuple[npt.NDArray[np.int32], Mask]:
    """Return the mosaic cell of each row of blocks, and the rows where a head is so large that it must be filled.

    `heads` are pairs of depth (share of the picture's height) and height of a head there in pixels, at least none. Between two depths
    the size is interpolated, outside them the nearest holds.
    """
    rows = -(-height // BLOCK)
    if heads:
        known = sorted(heads)
        middle = (np.arange(rows) + 0.5) * BLOCK / height
        head = np.interp(middle, [y for y, _ in known], [float(px) for _, px in known])
    else:
        head = np.full(rows, height / UNKNOWN_HEAD)
    wanted = np.maximum(BLOCK, np.ceil(head / CELLS_ACROSS / BLOCK) * BLOCK).astype(np.int32)
    return np.minimum(wanted, LARGEST), np.asarray(wanted > LARGEST, dtype=np.bool_)
