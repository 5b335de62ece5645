# SPDX-License-Identifier: Apache-2.0
"""Painting a plan: fills and mosaic cells in the three planes. Knows nothing of why."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from kua.sight.grid import BLOCK, Cells, Mask, Plane, Sums, block_sums, padded, planes_of
from kua.sight.plan import Plan
from kua.sight.slot import paint_finer

FILL: Final = (16, 128, 128)
"""Y, U and V of what is filled: black in limited range."""
PAPER: Final = (208, 128, 128)
"""Y, U and V of paper that is painted flat."""
_GREY: Final = 128
_WORDS: Final[dict[int, type[np.unsignedinteger[Any]]]] = {BLOCK: np.uint64, BLOCK // 2: np.uint32}
"""For a square's side in pixels the whole number that holds one row of it."""


def fill_blocks(yuv: Plane, width: int, height: int, mask: Mask) -> None:
    """Paint whole blocks of `yuv` with the fill colour, in place."""
    tint(yuv, width, height, mask, FILL)


def tint(yuv: Plane, width: int, height: int, mask: Mask, colour: tuple[int, int, int]) -> None:
    """Paint whole blocks of `yuv` with `colour` (Y, U, V), in place."""
    for plane, unit, value in zip(planes_of(yuv, width, height), (BLOCK, BLOCK // 2, BLOCK // 2), colour, strict=True):
        _paint(plane, mask, unit, np.full(int(mask.sum()), value, np.uint8))


def paint(yuv: Plane, width: int, height: int, plan: Plan, cells: Cells) -> None:
    """Paint the mosaic of `plan` into `yuv`, in place. `cells` are of the picture with its filled zones already painted, so that
    nothing of a booth enters the mean of a neighbour."""
    hidden = plan.mosaic & ~plan.fill
    if plan.flat is not None:
        hidden &= ~plan.flat
    mask = hidden if plan.slot is None else hidden & ~plan.slot.where
    if not hidden.any():
        return
    sizes = plan.cell[mask]
    y, u, v = planes_of(yuv, width, height)
    for plane, unit, part in ((y, BLOCK, cells.y), (u, BLOCK // 2, cells.u), (v, BLOCK // 2, cells.v)):
        if plan.grey and plane is not y:
            values = np.full(len(sizes), _GREY, np.uint8)
        else:
            values = _values(part, mask, sizes)
        _paint(plane, mask, unit, values)
    if plan.slot is not None:
        paint_finer(yuv, width, height, plan.slot, hidden, grey=plan.grey)


def _values(part: Sums, mask: Mask, sizes: npt.NDArray[np.int32]) -> npt.NDArray[np.uint8]:
    """Return the mean of the mosaic cell that each block of `mask` lies in, for cells of `sizes` pixels anchored at the top left."""
    sums = block_sums(part).astype(np.int32)
    out = np.empty(len(sizes), dtype=np.uint8)
    for size in np.unique(sizes):
        means = _joined(sums, int(size) // BLOCK)
        of_size = sizes == size
        out[of_size] = means[mask][of_size]
    return out


def _joined(sums: npt.NDArray[np.int32], step: int) -> npt.NDArray[np.int32]:
    rows, columns = sums.shape
    at_rows, at_columns = np.arange(0, rows, step), np.arange(0, columns, step)
    joined = np.add.reduceat(np.add.reduceat(sums, at_rows, axis=0), at_columns, axis=1)
    count = np.outer(np.diff(np.append(at_rows, rows)), np.diff(np.append(at_columns, columns)))
    means = joined // (count * 64)
    return np.asarray(np.repeat(np.repeat(means, step, axis=0), step, axis=1)[:rows, :columns], dtype=np.int32)


def _paint(plane: Plane, mask: Mask, unit: int, values: npt.NDArray[np.uint8]) -> None:
    """Give every true square of `mask`, `unit` pixels wide, its value. Squares cut by the border are painted as far as they reach."""
    if not len(values):
        return
    rows, columns = mask.shape
    if plane.shape == (rows * unit, columns * unit):
        _lay(plane, mask, unit, values)
        return
    roomy = padded(plane, unit)
    wide = np.zeros((rows * unit, columns * unit), dtype=np.uint8)
    wide[: roomy.shape[0], : roomy.shape[1]] = roomy
    _lay(wide, mask, unit, values)
    plane[:] = wide[: plane.shape[0], : plane.shape[1]]


def _lay(plane: Plane, mask: Mask, unit: int, values: npt.NDArray[np.uint8]) -> None:
    """Write whole rows of a square as one word each: five times as fast as pixel by pixel."""
    word = _WORDS[unit]
    laid = np.zeros(mask.shape, dtype=word)
    laid[mask] = values.astype(word) * word(int.from_bytes(b"\x01" * unit, "little"))
    rows = plane.view(word).reshape(mask.shape[0], unit, mask.shape[1])
    np.copyto(rows, laid[:, None, :], where=mask[:, None, :])
