# SPDX-License-Identifier: Apache-2.0
"""Sheets of paper that are held near the camera: whatever is bright, even and larger than the mosaic around it is painted so coarsely that a mark on a
ballot changes no cell by more than the noise. A white shirt is taken for a sheet too; that costs detail and reveals nothing."""

from typing import Final

import numpy as np
import numpy.typing as npt

from kua.sight.grid import BLOCK, PAD, Mask, Sums, block_sums, closed, grown
from kua.sight.plan import heights_of

ACROSS: Final = 3
"""At most so many mosaic cells cross a sheet: a mark of a ninth of the sheet's side then covers a hundredth of a cell's ink (`tests/redteam`)."""
GAP: Final = 2
"""Dark lines of up to twice so many blocks do not divide a sheet."""
LEAST: Final = 9
"""Fewer bright blocks than this are no sheet that can be read."""


def brightness_of_paper(room: Sums) -> float:
    """Return from which mean level a block may be paper, by the brightness of the empty room's cells: paper is among the brightest things there."""
    return float(np.clip(0.9 * np.percentile(room, 90) / 16, 110, 175))


def cells_for_sheets(cells: Sums, here: Mask, bright: float) -> npt.NDArray[np.int32]:
    """Return for each block the side in pixels of the mosaic cell that a sheet there needs, 0 where none is; multiples of 16, not bounded above.

    `cells` are the mean levels of 4x4 pixels in sixteenths, `here` the blocks that are hidden.
    """
    none = np.zeros(here.shape, dtype=np.int32)
    paper = here & (block_sums(cells) >= np.int16(64 * bright))
    if int(paper.sum()) < LEAST:
        return none
    # Only where paper lies is looked at: closing reaches no farther than it does, and growing by GAP.
    rows, columns = np.flatnonzero(paper.any(axis=1)), np.flatnonzero(paper.any(axis=0))
    if min(rows[-1] - rows[0], columns[-1] - columns[0]) + 1 <= ACROSS * PAD // BLOCK:
        return none
    around = tuple(slice(max(0, int(part[0]) - GAP), int(part[-1]) + 1 + GAP) for part in (rows, columns))
    paper = closed(paper[around], GAP)
    extent = np.minimum(heights_of(paper), heights_of(paper.T).T).astype(np.int32) * BLOCK
    large = grown(paper & (extent > ACROSS * PAD), GAP, GAP, GAP)
    if not large.any():
        return none
    size = int(extent.max())
    none[around] = np.where(large, np.int32(-(-size // (ACROSS * PAD)) * PAD), np.int32(0))
    return none
