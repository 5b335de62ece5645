# SPDX-License-Identifier: Apache-2.0
"""H3: the still of the empty room with people as one flat colour. Nothing of the picture itself is painted, only where something is in it."""

from typing import Final

from kua.sight.grid import Mask, Plane
from kua.sight.mosaic import tint

SHAPE: Final = (96, 128, 128)
"""Y, U and V of a silhouette: a grey that is neither the fill's black nor paper's."""


def paint_silhouettes(still: Plane, width: int, height: int, hidden: Mask) -> Plane:
    """Return a copy of `still` (yuv420p) with the blocks of `hidden` in one colour."""
    yuv = still.copy()
    tint(yuv, width, height, hidden, SHAPE)
    return yuv
