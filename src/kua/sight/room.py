# SPDX-License-Identifier: Apache-2.0
"""The empty room: learning it from pictures, keeping it as bytes, and saying where a picture differs from it.

The room is a median of samples with a tolerance for each 4x4 pixels and for each block, so that what flickers by itself is either
tolerated a little or, where it moves too much, counted as unknown and hidden always. Exposure, light from one side and the slow light of a
day are taken out before comparing; whatever differs is never learned while a film is hidden.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from kua.core.canonical import canonical, read_canonical
from kua.core.digest import Digest, sha256
from kua.core.errors import Incomplete, KuaError, Rejected
from kua.core.instant import Instant
from kua.sight.boxes import Box
from kua.sight.grid import (
    BLOCK,
    PAD,
    Cells,
    Mask,
    Plane,
    block_any,
    block_count,
    block_max,
    block_mean,
    blocks_of,
    cells_of,
    closed,
    connected,
    grown,
    neighbours,
    padded,
    planes_of,
    upright,
)
from kua.sight.light import Rest, beside, between, carried, founded, witnesses
from kua.sight.plan import heights_of, squared
from kua.sight.raw import RawFrame

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


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The empty room of one camera. `from_people` says that it was learned from a film with people in it."""

    width: int
    height: int
    yuv: Plane
    luma_tolerance: npt.NDArray[np.uint8]
    """Levels, for each 4x4 pixels."""
    chroma_tolerance: npt.NDArray[np.uint8]
    pixel_tolerance: npt.NDArray[np.uint8]
    """Levels, for each block: how far one pixel may be from the room."""
    known: Mask
    """Blocks of which the room is known; the others are hidden always."""
    samples: int
    from_people: bool

    def __repr__(self) -> str:
        return f"Reference({self.width}x{self.height}, samples={self.samples})"

    @property
    def noise(self) -> int:
        """The median tolerance of brightness, in hundredths of a level: one figure for the whole picture."""
        return round(float(np.median(self.luma_tolerance)) * 100)


@dataclass(frozen=True, slots=True)
class Light:
    """How the camera's exposure differs from the calibration: value = gain * room + offset, for Y, U and V."""

    luma: tuple[float, float] = (1.0, 0.0)
    u: tuple[float, float] = (1.0, 0.0)
    v: tuple[float, float] = (1.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """Where a picture differs from the room: `changed` surely, `weak` by a little (used only to keep hidden what was hidden)."""

    changed: Mask
    weak: Mask
    light: Light


SLOWLY: Final = 0.25
"""Levels a second by which the room's brightness may follow the light of the day at most: nobody comes into a picture so slowly."""
FARTHEST: Final = 64.0
"""Levels by which it may follow in all."""

RIM: Final = 8.0
"""Levels by which the border of a patch of light may be outside of what lies between its light and the room's."""

TILTED: Final = 0.1
"""From this change of brightness from one border to the other on, light from one side is reckoned with."""
MOST_TILT: Final = 0.45
LIE: Final = 0.6
"""So much of what is judged must lie near the plane of light."""
LEAN_EVERY: Final = 10
"""Of so many pictures one is judged for light from one side: the fit costs as much as the comparison itself."""
ASTIR: Final = 0.25
"""When so much of the room differed, the next picture is judged too: a lamp may have been switched."""

_JUDGES_OF: Final = (1_000, 3_000, 5_000, 11_000, 23_000)
_JUDGES: Final = (1, 3, 5, 11, 23, 47)
"""Of so many trusted blocks every so-many-th judges the exposure: about a thousand are enough."""


class Comparer:
    """Compares pictures with one room; keeps the compensated room between pictures, since exposure changes slowly."""

    def __init__(self, room: Reference) -> None:
        self.room = room
        self.cells = cells_of(room.yuv, room.width, room.height)
        self._blocks = tuple(block_mean(part) for part in (self.cells.y, self.cells.u, self.cells.v))
        self._luma = padded(planes_of(room.yuv, room.width, room.height)[0], PAD)
        self._tolerance = tuple((part.astype(np.int16) * np.int16(16)) for part in (room.luma_tolerance, room.chroma_tolerance))
        self._lit: tuple[tuple[int, int], Plane] = ((64, 0), self._luma)
        spread = _spread(self.cells.y)
        self.textured: Mask = (spread > 6.0) & room.known
        self._base = (self.cells, self._luma)
        self._drift = np.zeros(self.cells.y.shape, dtype=np.float32)
        self._shown = self._drift.copy()
        self._rest = Rest()
        self._patches = np.ones(room.known.shape, dtype=np.float32)
        self._tilt = (0.0, 0.0)
        self._pictures = 0
        self._is_astir = False

    def follow(self, cells: Cells, light: Light, empty: Mask, passed: float) -> None:
        """Let the room's brightness follow slow light in the blocks that are `empty`, after `passed` seconds.

        Only a block that agrees with the room may follow by what it shows itself; the others are lit like the ones that follow around them, so that nothing
        which was ever hidden is learned. By at most `SLOWLY` a second and `FARTHEST` in all from the room that was signed. Colour does not follow.
        """
        gain = light.luma[0]
        left = (cells.y - _lit_cells(self.cells.y, light.luma, 0.0)) / (_wide(self._patches) * np.float32(16 * gain)) - (
            self._drift - self._shown
        )
        most = np.float32(SLOWLY * passed)
        step = np.clip(left * np.float32(min(1.0, passed / 4)), -most, most)
        base = np.asarray(self._base[0].y * np.float32(1 / 16), dtype=np.float32) + self._drift
        step = np.clip(carried(step, base, np.repeat(np.repeat(empty, 2, axis=0), 2, axis=1)), -most, most)
        self._drift = np.clip(self._drift + step, -np.float32(FARTHEST), np.float32(FARTHEST))
        if float(np.abs(self._drift - self._shown).max(initial=0.0)) >= 1.0:
            self._redraw()

    def relight(self, at: Instant, cells: Cells, light: Light, differs: Mask) -> Mask:
        """Take patches of sun and shadow for what they are, once a second; return the blocks at rest on their borders, which are hidden but are no silhouette.

        Where blocks that `differs` from the room have been at rest for long and still show the room's own pattern, the room times the patch's one factor
        is what they are held against from now on, and the room as it was as soon as they agree with that again.
        """
        now = _unlit(cells.y, light.luma, 0.0)
        resting = self._rest.step(at, now, differs)
        if not differs.any():
            return resting & differs
        room = np.asarray(self.cells.y / (16 * _wide(self._patches)), dtype=np.float32)
        back = differs & (self._patches != 1) & ~self._differs_under(cells, light, room, np.ones_like(self._patches))
        self._patches[back] = 1
        resting &= ~back & self.room.known
        seen = witnesses(room, self._rest.mean, resting)
        near = beside(self._patches, ~differs)
        for factor in (near, founded(seen, resting)):
            lit = resting & (factor != 1) & seen.may & ~self._differs_under(cells, light, room, factor)
            self._patches[lit] = factor[lit]
            back |= lit
        if back.any():
            self._redraw()
        near = beside(self._patches, ~differs | back)
        rim: Mask = resting & ~back & (near != 1) & between(room, self._rest.mean, near, RIM)
        return rim

    def _differs_under(self, cells: Cells, light: Light, room: npt.NDArray[np.float32], factor: npt.NDArray[np.float32]) -> Mask:
        """Blocks that differ from the room times `factor`."""
        lit = np.minimum(room * _wide(factor) * np.float32(16), 255 * 16).astype(np.int16)
        return block_any(self._cells_differ(cells, light, Cells(lit, self.cells.u, self.cells.v))[0])

    def straighten(self) -> None:
        """Forget light from one side: the camera no longer shows the room, and what was fitted to something else must not keep the room from being known again."""
        if self._tilt != (0.0, 0.0):
            self._tilt = (0.0, 0.0)
            self._redraw()

    def _redraw(self) -> None:
        """Add what has drifted to the room that was signed."""
        cells, luma = self._base
        self._shown = self._drift.copy()
        rows, columns = cells.y.shape
        slope = self._slope(rows, columns)
        slope = slope * _wide(self._patches)
        y = np.clip((cells.y + self._drift * np.float32(16)) * slope, 0, 255 * 16).astype(np.int16)
        self.cells = Cells(y, cells.u, cells.v)
        self._blocks = (block_mean(y), *self._blocks[1:])
        wide = np.repeat(np.repeat(self._drift, 4, axis=0), 4, axis=1)
        self._luma = np.clip((luma + wide) * np.repeat(np.repeat(slope, 4, axis=0), 4, axis=1), 0, 255).astype(np.uint8)
        self._lit = ((64, 0), self._luma)

    def _slope(self, rows: int, columns: int) -> npt.NDArray[np.float32]:
        """The factor of brightness by light from one side, for a grid of so many rows and columns."""
        x = (np.arange(columns, dtype=np.float32) + np.float32(0.5)) / np.float32(columns) - np.float32(0.5)
        y = (np.arange(rows, dtype=np.float32) + np.float32(0.5)) / np.float32(rows) - np.float32(0.5)
        return np.asarray(1 + np.float32(self._tilt[0]) * x[None, :] + np.float32(self._tilt[1]) * y[:, None], dtype=np.float32)

    def _lean(self, cells: Cells, light: Light, trusted: Mask) -> bool:
        """Judge whether light comes from another side than before, and draw the room in it. One plane over the whole picture: nobody is so large and so
        faint that he could be taken for it, and what does not lie near it does not count."""
        use = trusted & self.room.known
        if use.sum() < 0.3 * use.size:
            return False
        rows, columns = use.shape
        at = np.flatnonzero(use)
        at = at[:: _JUDGES[int(np.searchsorted(_JUDGES_OF, len(at)))]]
        room = self._blocks[0].reshape(-1)[at] * np.float32(light.luma[0])
        left = block_mean(cells.y).reshape(-1)[at] - room - np.float32(light.luma[1])
        x, y = (at % columns + 0.5) / columns - 0.5, (at // columns + 0.5) / rows - 0.5
        sides = np.stack([room * x, room * y, np.ones_like(room)], axis=1).astype(np.float32)
        near = np.ones(len(at), dtype=np.bool_)
        found = np.zeros(3, dtype=np.float32)
        for _ in range(3):
            found = np.linalg.lstsq(sides[near], left[near], rcond=None)[0]
            off = np.abs(left - sides @ found)
            near = off <= 3 * _middle(off) + 1.5
        if near.mean() < LIE or max(abs(float(found[0])), abs(float(found[1]))) < TILTED:
            return False
        before = self._tilt
        self._tilt = (
            min(max(before[0] + float(found[0]), -MOST_TILT), MOST_TILT),
            min(max(before[1] + float(found[1]), -MOST_TILT), MOST_TILT),
        )
        self._redraw()
        return self._tilt != before

    def difference(self, picture: RawFrame, cells: Cells, trusted: Mask) -> Difference:
        """Compare `picture` (with its `cells`) with the room; the exposure is judged on the `trusted` blocks."""
        light = self._light(cells, trusted)
        if (self._is_astir or self._pictures % LEAN_EVERY == 0) and self._lean(cells, light, trusted):
            light = self._light(cells, trusted)
        self._pictures += 1
        strong, weak = self._cells_differ(cells, light)
        peak = self._peak(picture.yuv, light)
        count = block_count(weak)
        changed = block_any(strong) | (peak > self.room.pixel_tolerance) | (count >= 3)
        self._is_astir = int((changed & self.room.known).sum()) > ASTIR * max(1, int(self.room.known.sum()))
        return Difference(changed, (count >= 2) | changed, light)

    def deviation(self, yuv: Plane) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], Plane]:
        """How far one sample is from the room: brightness and colour of cells in eighths of a level (capped), greatest pixel of blocks."""
        cells = cells_of(yuv, self.room.width, self.room.height)
        light = self._light(cells, np.ones_like(self.room.known))
        y = np.abs(cells.y - _lit_cells(self.cells.y, light.luma, 0.0)) >> 1
        u = np.abs(cells.u - _lit_cells(self.cells.u, light.u, 128.0)) >> 1
        v = np.abs(cells.v - _lit_cells(self.cells.v, light.v, 128.0)) >> 1
        peak = self._peak(yuv, light)
        return np.minimum(y, 255).astype(np.uint8), np.minimum(np.maximum(u, v), 255).astype(np.uint8), peak

    def _peak(self, yuv: Plane, light: Light) -> Plane:
        """The greatest difference of a single pixel's brightness in each block, in levels."""
        luma = padded(planes_of(yuv, self.room.width, self.room.height)[0], PAD)
        room = self._lit_room(light.luma)
        return block_max(np.maximum(luma, room) - np.minimum(luma, room))

    def _cells_differ(self, cells: Cells, light: Light, held_against: Cells | None = None) -> tuple[Mask, Mask]:
        against = held_against or self.cells
        luma = np.abs(cells.y - _lit_cells(against.y, light.luma, 0.0))
        strong = luma > self._tolerance[0]
        weak = luma > (self._tolerance[0] * np.int16(5) >> np.int16(3))
        for part, room, by in ((cells.u, against.u, light.u), (cells.v, against.v, light.v)):
            colour = np.abs(part - _lit_cells(room, by, 128.0))
            strong |= colour > self._tolerance[1]
            weak |= colour > (self._tolerance[1] * np.int16(5) >> np.int16(3))
        return strong, weak

    def light(self, cells: Cells) -> Light:
        """Judge the exposure of a sample on all that is known of the room."""
        return self._light(cells, np.ones_like(self.room.known))

    def _light(self, cells: Cells, trusted: Mask) -> Light:
        use = trusted & self.room.known
        if use.sum() < 0.15 * use.size:
            use = self.room.known
        at = np.flatnonzero(use)
        if len(at) < 4:
            return Light()
        # A prime stride: no column of blocks is left out for the whole picture.
        at = at[:: _JUDGES[int(np.searchsorted(_JUDGES_OF, len(at)))]]
        means = (block_mean(cells.y), block_mean(cells.u), block_mean(cells.v))
        luma, u, v = (
            _fit(room.reshape(-1)[at] - zero, mean.reshape(-1)[at] - zero)
            for room, mean, zero in zip(self._blocks, means, (0.0, 128.0, 128.0), strict=True)
        )
        return Light(luma, u, v)

    def _lit_room(self, by: tuple[float, float]) -> Plane:
        """The room's brightness under today's exposure, in steps of 1/64 of gain and one level of offset."""
        key = (round(by[0] * 64), round(by[1]))
        if key != self._lit[0]:
            table = np.clip(np.rint(np.arange(256) * (key[0] / 64) + key[1]), 0, 255).astype(np.uint8)
            self._lit = (key, np.take(table, self._luma))
        return self._lit[1]


def _wide(blocks: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Blocks as cells."""
    return np.repeat(np.repeat(blocks, 2, axis=0), 2, axis=1)


def _spread(cells: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
    """Standard deviation of the four cells of each block, in levels."""
    rows, columns = cells.shape[0] // 2, cells.shape[1] // 2
    by_block = cells.reshape(rows, 2, columns, 2).astype(np.float32) / 16
    return np.asarray(by_block.std(axis=(1, 3)), dtype=np.float32)


def _lit_cells(cells: npt.NDArray[np.int16], by: tuple[float, float], zero: float) -> npt.NDArray[np.int16]:
    gain, offset = by
    if gain == 1.0 and offset == 0.0:
        return cells
    shift = np.float32(16 * (zero - gain * zero + offset))
    return np.asarray((cells * np.float32(gain) + shift).astype(np.int16))


def _fit(room: npt.NDArray[np.float32], now: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Fit now = gain * room + offset on what most blocks agree on. Bounded: a lamp is compensated, darkness is not."""
    gain, offset = 1.0, _middle(now - room)
    for _ in range(2):
        left = np.abs(now - gain * room - offset)
        near = left <= 3.0 * _middle(left) + 1.5
        x, y = room[near], now[near]
        mean_x, mean_y = float(x.mean()), float(y.mean())
        x = x - mean_x
        spread = float(x @ x) / len(x)
        if spread > 25.0:
            gain = min(max(float(x @ y) / len(x) / spread, 0.6), 1.6)
        offset = min(max(mean_y - gain * mean_x, -40.0), 40.0)
    return gain, offset


def _middle(values: npt.NDArray[np.float32]) -> float:
    """The median, without the care that `np.median` takes."""
    middle = len(values) // 2
    return float(np.partition(values, middle)[middle])


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


def blocks_touched(shape: tuple[int, ...], box: Box) -> tuple[slice, slice]:
    """Return the rows and columns of blocks that `box` touches; empty where it lies outside the picture."""
    rows, columns = shape[0], shape[1]
    left, top = max(0, int(box.x0 // BLOCK)), max(0, int(box.y0 // BLOCK))
    right, bottom = min(columns, int(-(-box.x1 // BLOCK))), min(rows, int(-(-box.y1 // BLOCK)))
    return slice(top, max(top, bottom)), slice(left, max(left, right))


def mark(mask: Mask, box: Box) -> None:
    """Set every block that `box` touches."""
    mask[blocks_touched(mask.shape, box)] = True


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
                _unlit(part, by, zero)
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


def _unlit(cells: npt.NDArray[np.int16], by: tuple[float, float], zero: float) -> npt.NDArray[np.float32]:
    """Cells in levels, as they would be under the room's exposure."""
    gain, offset = by
    return np.asarray((cells * np.float32(1 / 16) - np.float32(zero + offset)) * np.float32(1 / gain) + np.float32(zero), dtype=np.float32)


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


def write_reference(room: Reference) -> bytes:
    """Return the reference file: one line of JCS JSON, a newline, then the planes and tolerances in order. Its SHA-256 names it."""
    head = {
        "v": 1,
        "width": room.width,
        "height": room.height,
        "samples": room.samples,
        "from_people": room.from_people,
    }
    parts = (room.yuv, room.luma_tolerance, room.chroma_tolerance, room.pixel_tolerance, room.known.astype(np.uint8))
    return canonical(head) + b"\n" + b"".join(np.ascontiguousarray(part).tobytes() for part in parts)


def reference_digest(room: Reference) -> Digest:
    """Return the SHA-256 of the reference file of `room`."""
    return sha256(write_reference(room))


def read_reference(data: bytes) -> Reference:
    """Read a reference file. Raises `Rejected("room.unreadable")` for anything that `write_reference` did not write."""
    line, newline, body = data.partition(b"\n")
    try:
        head = read_canonical(line)
        width, height, samples = int(head["width"]), int(head["height"]), int(head["samples"])
        from_people = bool(head["from_people"])
        if head["v"] != 1 or not newline or not (0 < width <= 8192 and 0 < height <= 8192) or width % 2 or height % 2:
            raise Rejected("room.unreadable")
    except (KuaError, KeyError, TypeError, ValueError) as error:
        raise Rejected("room.unreadable") from error
    rows, columns = blocks_of(width, height)
    shapes = ((height * 3 // 2, width), (rows * 2, columns * 2), (rows * 2, columns * 2), (rows, columns), (rows, columns))
    if len(body) != sum(tall * wide for tall, wide in shapes):
        raise Rejected("room.unreadable")
    parts: list[Plane] = []
    start = 0
    for tall, wide in shapes:
        parts.append(np.frombuffer(body, dtype=np.uint8, count=tall * wide, offset=start).reshape(tall, wide))
        start += tall * wide
    yuv, luma, chroma, pixel, known = parts
    return Reference(width, height, yuv, luma, chroma, pixel, known != 0, samples, from_people)
