# SPDX-License-Identifier: Apache-2.0
"""The picture that may leave: `SafeFrame`, and `conceal`, the only thing that makes one."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from kua.core.errors import Rejected
from kua.core.instant import Instant
from kua.sight.grid import BLOCK, Cells, Mask, Plane, blocks_of, cells_of
from kua.sight.mosaic import FILL, PAPER, fill_blocks, paint, tint
from kua.sight.plan import Plan
from kua.sight.raw import RawFrame
from kua.sight.silhouette import paint_silhouettes


class _Maker:
    """The one token that lets a `SafeFrame` be made; it does not leave this module."""


_MAKER: Final = _Maker()


@dataclass(frozen=True, slots=True, eq=False)
class SafeFrame:
    """One picture after hiding; its planes cannot be written to. Only `conceal` and `filled` make it."""

    at: Instant
    width: int
    height: int
    yuv: Plane
    """yuv420p, as in `RawFrame`; read-only."""
    hidden: Mask
    """[ceil(height / 8), ceil(width / 8)]: true where the whole 8x8 cell is hidden."""
    reason: str | None
    """Why the whole picture is filled, or None."""
    _maker: _Maker = field(repr=False)

    def __post_init__(self) -> None:
        if self._maker is not _MAKER:
            raise TypeError("only conceal makes a SafeFrame")

    def __repr__(self) -> str:
        return f"SafeFrame(at={self.at}, {self.width}x{self.height}, reason={self.reason!r})"


def _safe(at: Instant, width: int, height: int, yuv: Plane, blocks: Mask, reason: str | None) -> SafeFrame:
    hidden = blocks[: -(-height // BLOCK), : -(-width // BLOCK)].copy()
    yuv.setflags(write=False)
    hidden.setflags(write=False)
    return SafeFrame(at, width, height, yuv, hidden, reason, _MAKER)


def filled(at: Instant, width: int, height: int, reason: str) -> SafeFrame:
    """Return a picture that shows nothing, and says why. Needs no raw picture. Sides are even, as everywhere in yuv420p."""
    yuv = np.full((height * 3 // 2, width), FILL[1], dtype=np.uint8)
    yuv[:height] = FILL[0]
    return _safe(at, width, height, yuv, np.ones(blocks_of(width, height), dtype=np.bool_), reason)


def conceal(raw: RawFrame, plan: Plan, *, cells: Cells | None = None) -> SafeFrame:
    """Hide in `raw` what `plan` says and return the picture that may leave. `raw` itself is not changed.

    `cells` may be given where they were measured already, on the picture with its filled zones painted. Raises
    `Rejected("picture.size_changed")` for a plan of another size.
    """
    if plan.fill.shape != blocks_of(raw.width, raw.height):
        raise Rejected("picture.size_changed", width=raw.width, height=raw.height)
    if plan.whole is not None:
        return filled(raw.at, raw.width, raw.height, plan.whole)
    if plan.still is not None:
        still = paint_silhouettes(plan.still, raw.width, raw.height, plan.mosaic)
        fill_blocks(still, raw.width, raw.height, plan.fill)
        return _safe(raw.at, raw.width, raw.height, still, plan.hidden, None)
    yuv = raw.yuv.copy()
    fill_blocks(yuv, raw.width, raw.height, plan.fill)
    if plan.flat is not None:
        tint(yuv, raw.width, raw.height, plan.flat & ~plan.fill, PAPER)
    paint(yuv, raw.width, raw.height, plan, cells or cells_of(yuv, raw.width, raw.height))
    return _safe(raw.at, raw.width, raw.height, yuv, plan.hidden, None)
