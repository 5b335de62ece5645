# SPDX-License-Identifier: Apache-2.0
"""The slot of the ballot box in finer cells, so that the hand and the paper at it are seen: where nothing thick enough to be a head or a ballot held
open lies. Heads win: what may be a head is never painted finer, and what is held open is hidden like a head (`docs/design/fraud.md`).

An arm, a hand, a folded ballot are thin; a head or an open ballot is about as wide as it is high. So a disc of half a head is laid on whatever differs from
the room, even by a little and with its gaps closed: wherever it fits, and half a head around that, nothing is finer than elsewhere.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kua.core.instant import Instant
from kua.sight.grid import BLOCK, Mask, Plane, closed, grown, padded, planes_of
from kua.sight.grid import PAD as SQUARE
from kua.sight.plan import Finer
from kua.sight.comparer import Light
from kua.sight.reference import Reference

THICK: Final = 0.46
"""Of a head's height: a disc so wide fits on a head, on that of a child seven tenths as high too, and on an open ballot, and on no arm."""
GAPS: Final = 0.2
"""Of a head's height: gaps of up to twice this are closed first, since hair or skin may resemble the lid."""
AROUND: Final = 0.25
"""Of a head's height: so far around whatever is thick nothing is finer."""
OF_BOX: Final = 0.35
"""Height of a head as a share of the width of the box's zone: a box is about half a metre wide, and is seen at an angle."""
RING: Final = 0.5
"""Of the width of the box: so far around the slot finer cells reach."""
HEADS_ABOVE: Final = 2.8
"""The head of somebody who stands at a box is so many heads above its slot."""
PARTS: Final = 8
"""The finer cell is the largest of 8, 4 and 2 pixels of which at least so many cross a head."""
SMALLEST: Final = 10
"""With heads smaller than this, in pixels, nothing at the slot can be told from a head."""
LEVELS: Final = 8
"""Least difference from the room in brightness that counts for thickness."""
HUES: Final = 12
"""The same in colour, which films blur."""
LINGERS: Final = 300
"""Milliseconds that a place stays coarse after something thick was there."""


@dataclass(frozen=True, slots=True)
class _Crop:
    """Blocks: `top`, `bottom`, `left`, `right`, ends excluded."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def blocks(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def scaled(self, unit: int) -> tuple[slice, slice]:
        return slice(self.top * unit, self.bottom * unit), slice(self.left * unit, self.right * unit)


def cell_of(head: float) -> int:
    """Return the side in pixels of the finer cell where a head is `head` pixels high."""
    return next((side for side in (8, 4, 2) if side * PARTS <= head), 2)


def ring(slot: Mask, box: Mask) -> Mask:
    """Return the slot's blocks and what lies around them, up to half the width of the box."""
    if not slot.any():
        return slot
    wide = _width(box if box.any() else slot)
    reach = max(1, round(RING * wide))
    return grown(slot, reach, reach, reach)


def _width(mask: Mask) -> int:
    columns = np.flatnonzero(mask.any(axis=0))
    return int(columns[-1] - columns[0] + 1) if len(columns) else 0


class SlotView:
    """Says where at one camera's slot finer cells may be painted, picture by picture. Not for two threads."""

    def __init__(self, room: Reference, zone: Mask, fill: Mask, box: Mask, head: float | None, paper: float) -> None:
        """`zone` are the blocks at the slot, `fill` those that are filled whatever is there, `box` those of the box; `head` is the calibrated height of a head there in pixels, if there is one;
        `paper` the level from which something is paper."""
        by_box = OF_BOX * BLOCK * _width(box if box.any() else zone)
        self.head = by_box if head is None else head
        self.cell = cell_of(self.head)
        self._grain = max(2, self.cell // 2)
        self._room, self._zone, self._paper = room, zone & ~fill, paper
        self._crop = _around(zone, int(np.ceil(2 * self.head / BLOCK)))
        self._able = bool(zone.any()) and self.head >= SMALLEST
        self._still = np.zeros(zone.shape, dtype=np.int64)
        if self._able:
            self._luma, self._chroma = self._fine(room.yuv)
            times = BLOCK // self._grain
            self._open = ~np.repeat(np.repeat(fill[self._crop.blocks], times, 0), times, 1)
            down, right = self._crop.scaled(2)
            four = room.luma_tolerance[down, right].astype(np.int16)
            each = BLOCK // 2 // self._grain
            tolerance = np.repeat(np.repeat(four, each, 0), each, 1)
            self._tolerance = np.maximum(tolerance * np.int16(5) >> np.int16(3), LEVELS)

    def _fine(self, yuv: Plane) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Means of the crop's cells: brightness, and the two colours."""
        y, u, v = planes_of(yuv, self._room.width, self._room.height)
        luma = _means(padded(y, SQUARE)[self._crop.scaled(BLOCK)], self._grain)
        half = BLOCK // 2
        colours = [_means(padded(part, SQUARE // 2)[self._crop.scaled(half)], self._grain // 2) for part in (u, v)]
        return luma, np.stack(colours)

    def look(self, at: Instant, yuv: Plane, light: Light) -> Finer:
        """Return what may be finer in this picture (its filled zones filled). `light` is how its exposure differs from the room's."""
        none = np.zeros_like(self._zone)
        rows, columns = self._zone.shape
        paper = np.zeros((2 * rows, 2 * columns), dtype=np.bool_)
        if not self._able:
            return Finer(none, self.cell, paper)
        luma, chroma = self._fine(yuv)
        gain, offset = light.luma
        differs = np.abs(luma - (gain * self._luma + offset)) > self._tolerance
        for now, room, (by, more) in zip(chroma, self._chroma, (light.u, light.v), strict=True):
            differs |= np.abs(now - (by * (room - 128) + 128 + more)) > HUES
        differs &= self._open
        thick = _thick(differs, max(2, round(THICK * self.head / self._grain)), round(GAPS * self.head / self._grain))
        around = int(np.ceil(AROUND * self.head / self._grain))
        blocks = _any(grown(thick, around, around, around), BLOCK // self._grain)
        where = self._crop.blocks
        self._still[where][blocks] = at + LINGERS
        paper[self._crop.scaled(2)] = _any(differs & (luma >= self._paper), BLOCK // 2 // self._grain)
        return Finer(self._zone & (self._still <= at), self.cell, paper)


def _around(zone: Mask, margin: int) -> _Crop:
    rows, columns = np.flatnonzero(zone.any(axis=1)), np.flatnonzero(zone.any(axis=0))
    if not len(rows):
        return _Crop(0, 0, 0, 0)
    return _Crop(
        max(0, int(rows[0]) - margin),
        min(zone.shape[0], int(rows[-1]) + 1 + margin),
        max(0, int(columns[0]) - margin),
        min(zone.shape[1], int(columns[-1]) + 1 + margin),
    )


def _means(plane: Plane, side: int) -> npt.NDArray[np.float32]:
    """Means of squares of `side` pixels, at most 16: whole numbers are added, so that 16 bits hold them and the mean is exact."""
    if side == 1:
        return plane.astype(np.float32)
    rows = plane[0::side].astype(np.uint16)
    for shift in range(1, side):
        rows += plane[shift::side]
    total = rows[:, 0::side].copy()
    for shift in range(1, side):
        total += rows[:, shift::side]
    return np.asarray(total * np.float32(1 / (side * side)), dtype=np.float32)


def _disc(across: int) -> list[tuple[int, int]]:
    """For each row of a disc the first cell and the one after the last."""
    middle = across / 2
    rows = []
    for row in range(across):
        reach = np.sqrt(middle**2 - (row + 0.5 - middle) ** 2)
        rows.append((int(np.ceil(middle - reach - 0.5)), int(np.floor(middle + reach - 0.5)) + 1))
    return rows


def _thick(mask: Mask, across: int, gaps: int) -> Mask:
    """Return the true cells on which a disc of `across` cells fits, after gaps were closed."""
    full = closed(mask, gaps) if gaps else mask
    rows, columns = full.shape
    if rows < across or columns < across:
        return full
    total = np.zeros((rows, columns + 1), dtype=np.int32)
    total[:, 1:] = full.cumsum(1)
    fits = np.ones((rows - across + 1, columns - across + 1), dtype=np.bool_)
    disc = _disc(across)
    for row, (first, end) in enumerate(disc):
        line = total[row : row + fits.shape[0]]
        fits &= line[:, end : end + fits.shape[1]] - line[:, first : first + fits.shape[1]] == end - first
    out = np.zeros((rows, columns), dtype=np.bool_)
    if fits.any():
        for row, (first, end) in enumerate(disc):
            for column in range(first, end):
                out[row : row + fits.shape[0], column : column + fits.shape[1]] |= fits
    return out


def _any(mask: Mask, unit: int) -> Mask:
    if unit == 1:
        return mask
    rows, columns = mask.shape[0] // unit, mask.shape[1] // unit
    return np.asarray(mask.reshape(rows, unit, columns, unit).any(axis=(1, 3)), dtype=np.bool_)


def paint_finer(yuv: Plane, width: int, height: int, finer: Finer, where: Mask, *, grey: bool) -> None:
    """Paint the blocks of `where` with finer cells, in place. Paper gets cells twice as large, so that at most three cross what is thin enough to be painted."""
    where = where & finer.where
    if not where.any():
        return
    crop = _around(where, 0)
    crop = _Crop(crop.top - crop.top % 2, crop.bottom + crop.bottom % 2, crop.left - crop.left % 2, crop.right + crop.right % 2)
    for number, plane in enumerate(planes_of(yuv, width, height)):
        unit = BLOCK if number == 0 else BLOCK // 2
        side = finer.cell if number == 0 else max(1, finer.cell // 2)
        whole = padded(plane, 2 * unit)
        part = whole[crop.scaled(unit)]
        fine = np.repeat(np.repeat(_means(part, side), side, 0), side, 1)
        large = np.repeat(np.repeat(_means(part, 2 * side), 2 * side, 0), 2 * side, 1)
        paper = finer.paper[crop.scaled(2)]
        if 2 * finer.cell > BLOCK // 2:
            paper = np.repeat(np.repeat(_any(paper, finer.cell // 2), finer.cell // 2, 0), finer.cell // 2, 1)
        paper = np.repeat(np.repeat(paper, unit // 2, 0), unit // 2, 1)
        painted = np.where(paper, large, fine) if number == 0 or not grey else np.full(part.shape, 128.0, np.float32)
        here = np.repeat(np.repeat(where[crop.blocks], unit, 0), unit, 1)
        new = np.where(here, np.rint(painted).astype(np.uint8), part)
        rows, columns = min(crop.bottom * unit, plane.shape[0]), min(crop.right * unit, plane.shape[1])
        plane[crop.top * unit : rows, crop.left * unit : columns] = new[: rows - crop.top * unit, : columns - crop.left * unit]
