# SPDX-License-Identifier: Apache-2.0
"""What the places around a ballot box look like, picture by picture: shares of them that differ from the empty room. Brightness only.

Works on the film that is recorded and on the film that is sent: a hidden block is one more way to differ from the room. It sees places, never persons.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kua.core.errors import Misused
from kua.core.instant import Instant

Luma = npt.NDArray[np.uint8]
"""Brightness, uint8 [height, width]."""
Inside = npt.NDArray[np.bool_]
Polygons = Sequence[Sequence[tuple[float, float]]]
"""Points as shares of width and height, 0..1."""

ABOVE: Final = 0.25
"""Of the width of the box: so far above the slot a hand is at it."""
LID: Final = 0.2
"""Of the width of the box: so far around the slot is the lid."""
RING: Final = 0.5
"""Of the width of the box: so far around the slot is the ring in which somebody who reaches for it stands or stretches an arm."""
BLOCK: Final = 8
"""Side in pixels of the blocks in which the film that is sent was hidden."""
EVEN: Final = 1.5
"""A block with less spread than this, in levels, is one colour."""
DRAWN: Final = 4.0
"""And one with more shows something."""
SQUARE: Final = 16
"""Pixels: what is filled is filled in squares of this side."""
STEP: Final = 8
"""Every so-many-th row and column judges the exposure."""
BODY: Final = 2
"""Times the height of the slot's zone: what lies so far below it, of the box, is its front; a body before the box covers it, a hand does not."""
DARK: Final = 24
"""Levels below which a pixel says nothing about the exposure; filled blocks lie below it too."""


def inside(polygons: Polygons, width: int, height: int) -> Inside:
    """Return the pixels whose middle lies in one of `polygons`, by the even-odd rule."""
    y, x = ((np.arange(height) + 0.5) / height)[:, None], ((np.arange(width) + 0.5) / width)[None, :]
    out = np.zeros((height, width), dtype=np.bool_)
    for polygon in polygons:
        here = np.zeros_like(out)
        for (ax, ay), (bx, by) in zip(polygon, [*polygon[1:], *polygon[:1]], strict=True):
            if ay != by:
                beyond = (bx - ax) * (y - ay) - (x - ax) * (by - ay)
                here ^= ((ay > y) != (by > y)) & ((beyond > 0) if by > ay else (beyond < 0))
        out |= here
    return out


def _swept(mask: Inside, up: int, down: int, side: int) -> Inside:
    """Return `mask` grown by so many pixels."""
    out = mask.copy()
    for _ in range(side):
        out[:, 1:] |= out[:, :-1].copy()
        out[:, :-1] |= out[:, 1:].copy()
    tall = out.copy()
    for step in range(1, up + 1):
        tall[:-step] |= out[step:]
    for step in range(1, down + 1):
        tall[step:] |= out[:-step]
    return tall


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """The places of one camera's picture, in a crop of it: `slot` and what is just above it, `lid`, `ring`, `box`; `piles` over the whole picture."""

    width: int
    height: int
    crop: tuple[slice, slice]
    slot: Inside
    lid: Inside
    ring: Inside
    box: Inside
    front: Inside
    piles: Inside
    show: Inside
    breadth: int
    """Width of the box in pixels."""
    middle: tuple[float, float]
    """Row and column of the slot's middle, over the whole picture."""
    seen: Inside
    """What no zone fills, over the whole picture."""


def places(zones: Mapping[str, Polygons], width: int, height: int) -> Places:
    """Lay the zones of a calibration out for counting. Raises `Misused("tally.slot")` where there is no zone `slot` to see."""
    slot = inside(zones.get("slot", ()), width, height)
    if not slot.any():
        raise Misused("tally.slot", width=width, height=height)
    box = inside(zones.get("box", ()), width, height)
    box = box if box.any() else slot
    columns, rows = np.flatnonzero(box.any(axis=0)), np.flatnonzero((box | slot).any(axis=1))
    breadth = int(columns[-1] - columns[0] + 1)
    far = max(2, round(RING * breadth))
    top, bottom = max(0, int(rows[0]) - 2 * far), min(height, int(rows[-1]) + far + 1)
    left, right = max(0, int(columns[0]) - far), min(width, int(columns[-1]) + far + 1)
    top, left = top - top % BLOCK, left - left % BLOCK
    crop = (slice(top, bottom), slice(left, right))
    # What is filled whoever looks (booths, in whole squares of 16 pixels) is no part of any place.
    closed = inside(zones.get("booth", ()), width, height) | inside(zones.get("screen", ()), width, height)
    seen = ~_swept(closed, SQUARE, SQUARE, SQUARE) if closed.any() else np.ones_like(closed)
    front = _front(slot[crop], box[crop])
    at_rows, at_columns = np.nonzero(slot)
    at = _swept(slot, max(1, round(ABOVE * breadth)), 0, max(1, breadth // 32))
    lid = _swept(slot, round(LID * breadth), round(LID * breadth), round(LID * breadth))
    ring = _swept(slot, far, far // 2, far) & ~lid & ~box
    return Places(
        width, height, crop, (at & seen)[crop], (lid & seen)[crop], (ring & seen)[crop], (box & seen)[crop], front & seen[crop],
        inside(zones.get("count", ()), width, height) & seen, inside(zones.get("show", ()), width, height) & seen, breadth,
        (float(at_rows.mean()), float(at_columns.mean())), seen,
    )  # fmt: skip


def _front(slot: Inside, box: Inside) -> Inside:
    """Return the front of the box below the slot."""
    rows = np.flatnonzero(slot.any(axis=1))
    if not len(rows):
        return np.zeros_like(slot)
    y = (np.arange(slot.shape[0]) - (rows[0] + rows[-1]) / 2) / ((rows[-1] - rows[0] + 1) / 2)
    return np.asarray(box & ((y > 1.6) & (y < 1.6 + BODY))[:, None], dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Seen:
    """One picture's places: shares (0..1) of each that differ from the empty room. `light` is the picture's exposure against the room's; `whole` the share of the
    whole picture that differs; `moved` how much of lid, ring and box differs from the picture before;
    `front` the share of the box's front, below the slot, that differs or is filled: a body stands there;
    `filled` the share of the slot that is filled, and says nothing; `show` the share of the place where things are shown that differs."""

    at: Instant
    slot: float
    lid: float
    ring: float
    box: float
    whole: float
    light: float
    moved: float
    front: float
    filled: float
    show: float


class Eye:
    """Looks at the places of one camera. Not for two threads."""

    def __init__(self, room: Luma, where: Places, levels: int, *, fill: int = -1) -> None:
        """`room` is the brightness of the empty room; a pixel, its neighbours with it, differs from it by more than `levels`. Pixels up to `fill` were filled before the film was sent
        and are left out (-1 on raw film, where nothing is). Raises `Misused("tally.shape")`."""
        if room.shape != (where.height, where.width):
            raise Misused("tally.shape", foreground=str(room.shape), weights=str((where.height, where.width)))
        self._where, self._levels, self._fill = where, levels, fill
        self._room = room[where.crop].astype(np.float32)
        self._drawn = spread(self._room) > DRAWN
        self._coarse = room[::STEP, ::STEP].astype(np.float32)
        self._before: npt.NDArray[np.float32] | None = None
        self._about = where.lid | where.ring | where.box
        self._show = np.flatnonzero(where.show)
        self._shown = room.reshape(-1)[self._show].astype(np.float32)
        self._areas = {name: max(1, int(getattr(where, name).sum())) for name in ("slot", "lid", "ring", "box", "front")}
        self.difference: npt.NDArray[np.float32] = np.zeros_like(self._room)
        """How far the last picture's crop is from the room, in levels, its exposure taken out."""

    def see(self, at: Instant, luma: Luma) -> Seen:
        """Look at one picture. Raises `Misused("tally.shape")`."""
        where = self._where
        if luma.shape != (where.height, where.width):
            raise Misused("tally.shape", foreground=str(luma.shape), weights=str((where.height, where.width)))
        coarse = luma[::STEP, ::STEP].astype(np.float32)
        lit = (coarse > DARK) & (self._coarse > DARK)
        light = float(np.median(coarse[lit] / self._coarse[lit])) if int(lit.sum()) >= 16 else 1.0
        light = min(max(light, 0.6), 1.6)
        now = luma[where.crop].astype(np.float32) / light
        signed = now - self._room
        filled = (luma[where.crop] <= self._fill) & (self._room > DARK)
        if self._fill >= 0:
            # A block in one colour where the room is not is coarse mosaic: somebody is near, and nothing is told of a hand.
            filled |= whole_blocks((spread(now) < EVEN) & self._drawn, now.shape)
        even = _nine(np.where(filled, np.float32(0), signed))
        differs = (np.abs(even) > self._levels) & ~filled
        moved = 0.0 if self._before is None else float((np.abs(now - self._before)[self._about] > self._levels).mean())
        self._before, self.difference = now, signed
        shares = {}
        for name, area in self._areas.items():
            place = getattr(where, name)
            told = max(area // 4, area - int((filled & place).sum()))
            shares[name] = int((differs & place).sum()) / told
        # A box that is filled is not seen in its place either.
        shares["box"] = int(((differs | filled) & self._where.box).sum()) / self._areas["box"]
        shares["front"] = int(((differs | filled) & where.front).sum()) / self._areas["front"]
        hidden = int((filled & where.slot).sum()) / self._areas["slot"]
        whole = float((np.abs(coarse / light - self._coarse) > self._levels).mean())
        show = float((np.abs(luma.reshape(-1)[self._show] / light - self._shown) > self._levels).mean()) if len(self._show) else 0.0
        return Seen(
            at,
            shares["slot"],
            shares["lid"],
            shares["ring"],
            shares["box"],
            whole,
            light,
            moved,
            shares["front"],
            hidden,
            show,
        )


def _nine(plane: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the mean of each pixel and its eight neighbours; at the border the last row and column count twice."""
    wide = np.pad(plane, 1, mode="edge")
    rows = wide[:-2] + wide[1:-1] + wide[2:]
    return np.asarray((rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9, dtype=np.float32)


def spread(plane: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the standard deviation of each whole block of a crop."""
    rows, columns = plane.shape[0] // BLOCK, plane.shape[1] // BLOCK
    blocks = plane[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    return np.asarray(blocks.std(axis=(1, 3)), dtype=np.float32)


def whole_blocks(blocks: Inside, shape: tuple[int, ...]) -> Inside:
    """Return the pixels of blocks; what is left over at the end belongs to none."""
    out = np.zeros(shape, dtype=np.bool_)
    pixels = np.repeat(np.repeat(blocks, BLOCK, 0), BLOCK, 1)
    out[: pixels.shape[0], : pixels.shape[1]] = pixels
    return out
