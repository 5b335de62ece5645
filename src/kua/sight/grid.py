# SPDX-License-Identifier: Apache-2.0
"""The picture as a grid: padded planes, means of 4x4 pixels, blocks of 8 pixels, and growing and closing of block masks."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Sums = npt.NDArray[np.int16]

BLOCK: Final = 8
"""Side of a block in pixels: the unit in which the picture is shown or hidden."""
PAD: Final = 16
"""Pictures are padded to multiples of this many pixels, which is also the unit of zones and of the coarse mosaic."""
_LOW: Final = np.uint64(0x00FF00FF00FF00FF)
_EIGHT: Final = np.uint64(8)


def blocks_of(width: int, height: int) -> tuple[int, int]:
    """Return rows and columns of blocks that cover a padded picture; both are even."""
    return -(-height // PAD) * (PAD // BLOCK), -(-width // PAD) * (PAD // BLOCK)


def planes_of(yuv: Plane, width: int, height: int) -> tuple[Plane, Plane, Plane]:
    """Return the Y, U and V planes of a yuv420p array as views. `width` and `height` are even."""
    flat = yuv.reshape(-1)
    luma, quarter = width * height, (width // 2) * (height // 2)
    small = (height // 2, width // 2)
    return (
        flat[:luma].reshape(height, width),
        flat[luma : luma + quarter].reshape(small),
        flat[luma + quarter : luma + 2 * quarter].reshape(small),
    )


def padded(plane: Plane, unit: int) -> Plane:
    """Return `plane` with its last row and column repeated until both sides are multiples of `unit`; the plane itself where they are."""
    down, right = -plane.shape[0] % unit, -plane.shape[1] % unit
    if not down and not right:
        return np.ascontiguousarray(plane)
    return np.pad(plane, ((0, down), (0, right)), mode="edge")


def _pairs(plane: Plane) -> npt.NDArray[np.uint16]:
    """Sum horizontal pairs of pixels, eight pixels to a 64-bit word. The width is a multiple of 8."""
    words = plane.view(np.uint64)
    summed = (words & _LOW) + ((words >> _EIGHT) & _LOW)
    return summed.view(np.uint16)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Mean brightness and colour of every 4x4 pixels of a picture, in sixteenths of a level (int16), padded to whole blocks."""

    y: Sums
    u: Sums
    v: Sums


def cells_of(yuv: Plane, width: int, height: int) -> Cells:
    """Measure a picture. About half a millisecond for 1280x720."""
    y, u, v = planes_of(yuv, width, height)
    rows = _pairs(padded(y, PAD))
    four = rows[0::4] + rows[1::4] + rows[2::4] + rows[3::4]
    luma = (four[:, 0::2] + four[:, 1::2]).view(np.int16)
    return Cells(luma, _chroma(u), _chroma(v))


def _chroma(plane: Plane) -> Sums:
    rows = _pairs(padded(plane, PAD // 2))
    return ((rows[0::2] + rows[1::2]) << np.uint16(2)).view(np.int16)


def block_any(cells: Mask) -> Mask:
    """Return which blocks hold a true cell; a block has two cells to a side."""
    pairs = np.ascontiguousarray(cells).view(np.uint16)
    return np.asarray((pairs[0::2] | pairs[1::2]) != 0, dtype=np.bool_)


def block_count(cells: Mask) -> npt.NDArray[np.uint8]:
    """Return how many of the four cells of each block are true."""
    ones = np.ascontiguousarray(cells).view(np.uint8)
    rows = ones[0::2] + ones[1::2]
    return np.asarray(rows[:, 0::2] + rows[:, 1::2], dtype=np.uint8)


def block_sums(cells: Sums) -> Sums:
    """Return the sum of the four cells of each block: 64 times the mean level, at most 16320."""
    rows = cells[0::2] + cells[1::2]
    return np.asarray(rows[:, 0::2] + rows[:, 1::2], dtype=np.int16)


def block_mean(cells: Sums) -> npt.NDArray[np.float32]:
    """Return the mean level of each block from its four cells."""
    return np.asarray(block_sums(cells) * np.float32(1 / 64), dtype=np.float32)


def block_max(plane: Plane) -> Plane:
    """Return the greatest value of each block; both sides of `plane` are padded."""
    rows, columns = plane.shape[0] // BLOCK, plane.shape[1] // BLOCK
    tall = np.maximum.reduce(plane.reshape(rows, BLOCK, columns * BLOCK), axis=1)
    return np.asarray(np.maximum.reduce(tall.reshape(rows, columns, BLOCK), axis=2), dtype=np.uint8)


def grown(mask: Mask, up: int, down: int, side: int) -> Mask:
    """Return `mask` grown by so many blocks upwards, downwards and to each side."""
    wide = _smeared(_smeared(mask.T, side)[::-1], side)[::-1].T
    return _smeared(_smeared(wide[::-1], up)[::-1], down)


def _smeared(mask: Mask, steps: int) -> Mask:
    """Return `mask` or-ed with itself shifted down by 1 .. `steps` rows, in doubling strides."""
    out = mask.copy()
    done = 0
    while done < steps:
        stride = min(done + 1, steps - done)
        out[stride:] |= out[:-stride].copy()
        done += stride
    return out


def closed(mask: Mask, reach: int) -> Mask:
    """Return `mask` with gaps of up to `2 * reach` blocks filled (a closing). What lies outside the picture counts as neither."""
    rows, columns = mask.shape
    roomy = np.zeros((rows + 2 * reach, columns + 2 * reach), dtype=np.bool_)
    roomy[reach : reach + rows, reach : reach + columns] = mask
    wide = grown(roomy, reach, reach, reach)
    narrow: Mask = ~grown(~wide, reach, reach, reach)
    return narrow[reach : reach + rows, reach : reach + columns] | mask


def neighbours(mask: Mask, reach: int, side: int | None = None) -> npt.NDArray[np.int32]:
    """Return how many true blocks lie within `reach` rows and `side` columns (as many, if not given) of each block, itself included."""
    wide = reach if side is None else side
    rows, columns = mask.shape
    total = np.zeros((rows + 2 * reach + 1, columns + 2 * wide + 1), dtype=np.int32)
    total[reach + 1 : reach + 1 + rows, wide + 1 : wide + 1 + columns] = mask
    total = total.cumsum(0).cumsum(1)
    high, across = 2 * reach + 1, 2 * wide + 1
    return np.asarray(total[high:, across:] - total[:-high, across:] - total[high:, :-across] + total[:-high, :-across], dtype=np.int32)


def upright(mask: Mask, reach: int, least: int) -> Mask:
    """Return where `mask` (widened by two blocks) holds in at least `least` of the rows within `reach`: people stand or sit upright,
    tape and shadows lie."""
    wide = grown(mask, 0, 0, 2)
    total = np.zeros((mask.shape[0] + 2 * reach + 1, mask.shape[1]), dtype=np.int32)
    total[reach + 1 : reach + 1 + mask.shape[0]] = wide
    total = total.cumsum(0)
    span = 2 * reach + 1
    return np.asarray(total[span:] - total[:-span] >= least, dtype=np.bool_)


def connected(mask: Mask) -> list[Mask]:
    """Return the connected parts of `mask`."""
    left, parts = mask.copy(), []
    while left.any():
        part = np.zeros_like(mask)
        part[np.unravel_index(int(left.argmax()), left.shape)] = True
        size = 0
        while (now := int(part.sum())) != size:
            size = now
            part = grown(part, 4, 4, 4) & left if size > 64 else grown(part, 1, 1, 1) & left
        parts.append(part)
        left &= ~part
    return parts
