# SPDX-License-Identifier: Apache-2.0
"""The picture of the sealed film: `SealedFrame`, and `sealed`, which makes it. People are visible in it; booths, screens, lists and the counting table are not.

It is no `SafeFrame`: no encoder of published film takes it, and it is encrypted before it leaves the process `hide`.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from kua.core.errors import Rejected
from kua.core.instant import Instant
from kua.sight.grid import BLOCK, Mask, Plane, blocks_of, planes_of
from kua.sight.mosaic import FILL, fill_blocks
from kua.sight.raw import RawFrame
from kua.sight.safe import SafeFrame


class _Maker:
    """The one token that lets a `SealedFrame` be made; it does not leave this module."""


_MAKER: Final = _Maker()


@dataclass(frozen=True, slots=True, eq=False)
class SealedFrame:
    """One picture after its booths were filled; its planes cannot be written to. It has no pickle and its repr shows no pixel."""

    at: Instant
    width: int
    height: int
    yuv: Plane
    """yuv420p, as in `RawFrame`; read-only."""
    _maker: _Maker = field(repr=False)

    def __post_init__(self) -> None:
        if self._maker is not _MAKER:
            raise TypeError("only sealed makes a SealedFrame")

    def __repr__(self) -> str:
        return f"SealedFrame(at={self.at}, {self.width}x{self.height})"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("SealedFrame does not travel between processes")


def sealed_filled(at: Instant, width: int, height: int) -> SealedFrame:
    """Return a picture that shows nothing: in doubt the sealed film shows no more than the published one."""
    yuv = np.full((height * 3 // 2, width), FILL[1], dtype=np.uint8)
    yuv[:height] = FILL[0]
    yuv.setflags(write=False)
    return SealedFrame(at, width, height, yuv, _MAKER)


def sealed(raw: RawFrame, safe: SafeFrame, *, fill: Mask, as_film: Mask) -> SealedFrame:
    """Return `raw` with the blocks of `fill` filled and those of `as_film` as `safe`, the published picture of the same moment, has them.

    Where `safe` is filled as a whole so is the answer: nobody can say then where a booth is. `raw` is not changed. Masks are bool
    [`blocks_of(height)`, `blocks_of(width)`]. Raises `Rejected("picture.size_changed")`.
    """
    width, height = raw.width, raw.height
    if (safe.at, safe.width, safe.height) != (raw.at, width, height) or not fill.shape == as_film.shape == blocks_of(width, height):
        raise Rejected("picture.size_changed", width=width, height=height)
    if safe.reason is not None:
        return sealed_filled(raw.at, width, height)
    yuv = raw.yuv.copy()
    for plane, shown, unit in zip(
        planes_of(yuv, width, height), planes_of(safe.yuv, width, height), (BLOCK, BLOCK // 2, BLOCK // 2), strict=True
    ):
        where = np.repeat(np.repeat(as_film, unit, 0), unit, 1)[: plane.shape[0], : plane.shape[1]]
        np.copyto(plane, shown, where=where)
    fill_blocks(yuv, width, height, fill)
    yuv.setflags(write=False)
    return SealedFrame(raw.at, width, height, yuv, _MAKER)
