# SPDX-License-Identifier: Apache-2.0
"""Learning the empty room from pictures.

The room is a median of samples with a tolerance for each 4x4 pixels and for each block, so that what flickers by itself is either
tolerated a little or, where it moves too much, counted as unknown and hidden always.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from kua.core.errors import Incomplete, Rejected
from kua.sight.boxes import Box, mark
from kua.sight.comparer import Comparer, unlit
from kua.sight.grid import BLOCK, Mask, Plane, block_any, blocks_of, cells_of, closed, connected, grown, neighbours, upright
from kua.sight.plan import heights_of, squared
from kua.sight.raw import RawFrame
from kua.sight.reference import Reference

SAMPLES: Final = 64
"""Most pictures kept while learning, so that memory is bounded: about 90 MB for 1280x720."""
LOOKED_AT: Final = 16
"""In at most so many samples people are looked for, where models are: looking is what takes time."""
CONTESTED: Final = 0.3
"""Where people were found in so many of the pictures that were looked at, they may be the median."""
ALIKE: Final = 4.0
"""Levels by which a cell may differ between two pictures of a place that are the same picture."""
WHOLE: Final = 0.97
"""So much of a place must be the same in both."""
RETURNS: Final = 3
"""A place is the room when the same picture was seen so often, with something else between."""
SURE: Final = 0.3
"""Boxes with at least this score keep a place out of the room that is learned; those below are mostly things, which would never be known."""
LUMA_FLOOR: Final = 13.0
"""Least tolerance of a cell's brightness, in levels."""
CHROMA_FLOOR: Final = 6.0
"""Least tolerance of a cell's colour, in levels."""
PIXEL_FLOOR: Final = 32.0
"""Least tolerance of a single pixel's brightness, in levels."""
STILL: Final = 2.0
"""In a film with people, a cell that is further than this from its median (in levels) in a third of the samples is not at rest."""

Look = Callable[[RawFrame], Sequence[Box]]
"""What finds people in a picture, where models are installed."""


def learn_room(frames: Iterable[RawFrame], *, from_people: bool = False, look: Look | None = None) -> Reference:
    """Learn the room from `frames`, read once; at most `SAMPLES` of them, spread over all, are held.

    With `from_people` the frames are a film with people passing: the median over time is the room, blocks that never come to rest are
    unknown, and where `look` finds people they are left out of the median. Raises `Incomplete("room.no_frames")` and
    `Rejected("picture.size_changed")`.
    """
    kept = _sampled(frames)
    if not kept:
        raise Incomplete("room.no_frames")
    width, height = kept[0].width, kept[0].height
    empty = np.ones((len(kept), *blocks_of(width, height)), dtype=np.bool_)
    looked = np.zeros(len(kept), dtype=np.bool_)
    if look is not None:
        looked[:: -(-len(kept) // LOOKED_AT)] = True
        empty[looked] = ~_people([frame for frame, chosen in zip(kept, looked, strict=True) if chosen], look)
    stack = np.stack([frame.yuv.reshape(-1) for frame in kept])
    shape = kept[0].yuv.shape
    del kept
    room = _median(stack).reshape(shape)
    # Where people stand so often that they may be the median, only pictures that were looked at and showed nobody there count.
    contested = (~empty).sum(axis=0) >= max(1, CONTESTED * int(looked.sum()))
    empty[:, contested] &= looked[:, None]
    enough = empty.sum(axis=0) >= max(3, int(looked.sum()) // 20)
    _empty_median(stack, empty, contested & enough, room, width, height)
    return _measured(
        stack.reshape(-1, *shape), room, enough | ~contested, _Evidence(empty, contested & enough), width, height, from_people=from_people
    )


@dataclass(slots=True, eq=False)
class _Evidence:
    """Which samples show the empty room, block by block, and the blocks for which only those may be believed."""

    empty: npt.NDArray[np.bool_]
    chosen: Mask


def _sampled(frames: Iterable[RawFrame]) -> list[RawFrame]:
    kept: list[RawFrame] = []
    stride = 1
    for number, frame in enumerate(frames):
        if kept and (frame.width, frame.height) != (kept[0].width, kept[0].height):
            raise Rejected("picture.size_changed", width=frame.width, height=frame.height)
        if number % stride:
            continue
        kept.append(frame)
        if len(kept) >= 2 * SAMPLES:
            kept = kept[::2]
            stride *= 2
    return kept[:: -(-len(kept) // SAMPLES)] if len(kept) > SAMPLES else kept


def _people(kept: Sequence[RawFrame], look: Look) -> npt.NDArray[np.bool_]:
    """Blocks where people were found, for each sample; boxes are enlarged by a tenth."""
    rows, columns = blocks_of(kept[0].width, kept[0].height)
    busy = np.zeros((len(kept), rows, columns), dtype=np.bool_)
    for number, frame in enumerate(kept):
        for box in look(frame):
            if box.score >= SURE:
                mark(busy[number], box.grown(1.1))
    return busy


def _median(stack: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    middle = len(stack) // 2
    out = np.empty(stack.shape[1], dtype=np.uint8)
    step = 1 << 16
    for start in range(0, stack.shape[1], step):
        part = np.ascontiguousarray(stack[:, start : start + step].T)
        part.partition(middle, axis=1)
        out[start : start + step] = part[:, middle]
    return out


def _areas(yuv: npt.NDArray[np.uint8], width: int, height: int) -> list[tuple[npt.NDArray[np.uint8], int]]:
    """Return views of the planes of samples [n, bytes], each with the side of a block in it."""
    luma, half = width * height, (height // 2) * (width // 2)
    return [
        (yuv[:, :luma].reshape(-1, height, width), BLOCK),
        *((yuv[:, start : start + half].reshape(-1, height // 2, width // 2), BLOCK // 2) for start in (luma, luma + half)),
    ]


def _empty_median(stack: npt.NDArray[np.uint8], empty: npt.NDArray[np.bool_], chosen: Mask, room: Plane, width: int, height: int) -> None:
    """Correct the `chosen` blocks of `room`: the median of the samples that show them empty."""
    samples, target = _areas(stack, width, height), _areas(room.reshape(1, -1), width, height)
    for row, column in zip(*np.nonzero(chosen), strict=True):
        free = empty[:, row, column]
        for (plane, unit), (out, _) in zip(samples, target, strict=True):
            area = (slice(row * unit, (row + 1) * unit), slice(column * unit, (column + 1) * unit))
            if out[0][area].size:  # else a block of the padding
                out[0][area] = np.median(plane[(free, *area)], axis=0)


def _measured(
    stack: npt.NDArray[np.uint8], room: Plane, known: Mask, evidence: _Evidence, width: int, height: int, *, from_people: bool
) -> Reference:
    """Measure what each cell and block does by itself, under each sample's own exposure."""
    grid = (known.shape[0] * 2, known.shape[1] * 2)
    plain = Reference(
        width, height, room, np.full(grid, 12, np.uint8), np.full(grid, 8, np.uint8), np.full(known.shape, 40, np.uint8), known, 1, False
    )
    luma, chroma, peaks = _deviations(Comparer(plain), stack)
    if from_people:
        restless = _restless(luma, evidence)
        returned = _returned(stack, plain, restless, evidence)
        known = (known & ~restless) | returned
        if returned.any():
            _empty_median(stack.reshape(len(stack), -1), evidence.empty, returned, room, width, height)
            luma, chroma, peaks = _deviations(Comparer(plain), stack)
    steady, share = (0.5, 0.25) if from_people else (0.97, 1.0)
    spread_y, spread_c, peak = (_quantile(part, steady) for part in (luma, chroma, peaks))
    # In a film with people only the quieter half of the samples is the room; its noise is scaled up to what the room itself does.
    for row, column in zip(*np.nonzero(evidence.chosen), strict=True):
        free = evidence.empty[:, row, column]
        cells = (slice(2 * row, 2 * row + 2), slice(2 * column, 2 * column + 2))
        spread_y[cells] = np.median(luma[(free, *cells)], axis=0)
        spread_c[cells] = np.median(chroma[(free, *cells)], axis=0)
        peak[row, column] = np.median(peaks[free, row, column])
    scale = 3.0 if from_people else 1.5
    tolerance_y = np.clip(spread_y * (scale / 8) + LUMA_FLOOR * (1 - share / 4), LUMA_FLOOR, 28)
    tolerance_c = np.clip(spread_c * (scale / 8) + CHROMA_FLOOR * (1 - share / 4), CHROMA_FLOOR, 14)
    tolerance_p = np.clip(peak * (1.8 if from_people else 1.3) + 6, PIXEL_FLOOR, 72)
    return Reference(
        width,
        height,
        room,
        np.ceil(tolerance_y).astype(np.uint8),
        np.ceil(tolerance_c).astype(np.uint8),
        np.ceil(tolerance_p).astype(np.uint8),
        known,
        len(stack),
        from_people,
    )


def _deviations(
    comparer: "Comparer", stack: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """`Comparer.deviation` of every sample, stacked."""
    parts = [comparer.deviation(yuv) for yuv in stack]
    return np.stack([part[0] for part in parts]), np.stack([part[1] for part in parts]), np.stack([part[2] for part in parts])


def _returned(stack: npt.NDArray[np.uint8], plain: Reference, restless: Mask, evidence: _Evidence) -> Mask:
    """Learn restless places to which the very same picture came back, again and again, after something else was there.

    A person may stand still, and may come back, but not to the same hair's breadth over the whole figure; a room does. So each connected
    restless place is compared as a whole between samples, under each sample's exposure. Adds what it finds to `evidence`, returns the blocks.
    """
    found = np.zeros_like(restless)
    places = [place for place in connected(restless) if place.sum() >= 9]
    if not places or len(stack) < 8:
        return found
    judge = Comparer(replace(plain, known=plain.known & ~restless) if (plain.known & ~restless).mean() > 0.15 else plain)
    sums = []
    for yuv in stack:
        cells = cells_of(yuv, plain.width, plain.height)
        light = judge.light(cells)
        sums.append(
            [
                unlit(part, by, zero)
                for part, by, zero in ((cells.y, light.luma, 0.0), (cells.u, light.u, 128.0), (cells.v, light.v, 128.0))
            ]
        )
    for place in places:
        cells_in = np.repeat(np.repeat(place, 2, 0), 2, 1)
        values = np.stack([np.concatenate([part[cells_in] for part in sample]) for sample in sums])
        alike = np.stack([(np.abs(values - one) <= ALIKE).mean(axis=1) >= WHOLE for one in values])
        alike &= (evidence.empty[:, place].mean(axis=1) > 0.9)[None, :]
        runs = (alike & ~np.roll(alike, 1, axis=1)).sum(axis=1)
        best = int(np.lexsort((alike.sum(axis=1), runs))[-1])
        if runs[best] < RETURNS or alike[best].sum() < 2 * RETURNS:
            continue
        found |= place
        evidence.empty[:, place] = alike[best][:, None]
    evidence.chosen |= found
    return found


def _quantile(stack: npt.NDArray[np.uint8], share: float) -> npt.NDArray[np.float32]:
    index = min(len(stack) - 1, int(share * len(stack)))
    return np.asarray(np.partition(stack, index, axis=0)[index], dtype=np.float32)


def _restless(luma: npt.NDArray[np.uint8], evidence: _Evidence) -> Mask:
    """Blocks that differ from their own median so often that the median may be a person: somebody who sits there and moves a little.

    Such blocks are grown to a whole figure where they stand close together over three rows or more; a swaying tape stays a tape.
    """
    often = _quantile(luma, 0.65)
    moving = often > max(STILL * 8, 8 * float(np.median(often)))
    restless = block_any(np.asarray(moving, dtype=np.bool_)) & ~evidence.chosen
    figure = restless & (neighbours(restless, 4) >= 6) & upright(restless, 2, 5)
    figure = closed(figure, 4)
    figure |= squared(figure, heights_of(figure))
    return restless | grown(figure, 3, 2, 2)
