# SPDX-License-Identifier: Apache-2.0
"""Comparing pictures with the empty room: exposure, light from one side, the slow light of a day and patches of sun are taken out first.

Whatever still differs is never learned.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from kua.core.instant import Instant
from kua.sight.grid import PAD, Cells, Mask, Plane, block_any, block_count, block_max, block_mean, cells_of, padded, planes_of
from kua.sight.light import Rest, beside, between, carried, founded, witnesses
from kua.sight.raw import RawFrame
from kua.sight.reference import Reference


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
        now = unlit(cells.y, light.luma, 0.0)
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


def unlit(cells: npt.NDArray[np.int16], by: tuple[float, float], zero: float) -> npt.NDArray[np.float32]:
    """Cells in levels, as they would be under the room's exposure."""
    gain, offset = by
    return np.asarray((cells * np.float32(1 / 16) - np.float32(zero + offset)) * np.float32(1 / gain) + np.float32(zero), dtype=np.float32)
