# SPDX-License-Identifier: Apache-2.0
"""What it looks like at a slot and about it, as a few numbers a picture: how much differs from the empty room, is brighter, moves, or is filled, near and far.

Everything is taken from the means of blocks of 8 pixels. Mosaic keeps them, so that the film that is sent gives nearly the numbers of the film that is
recorded, in finer cells and in coarse ones. Left and right are not told apart: of two places beside the slot come the greater number and the lesser one.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from kua.core.instant import Instant
from kua.tally.eye import BLOCK, DARK, Inside, Luma

Floats = npt.NDArray[np.float32]
What = Literal["differs", "brighter", "moves", "filled"]


@dataclass(frozen=True, slots=True)
class Window:
    """A place where something is measured: `wide` is how far it reaches (a standard deviation), `aside` and `below` where its middle is from the slot's. All in widths
    of the box. With `aside` there are two such places, one to each side."""

    what: What
    wide: float
    aside: float = 0.0
    below: float = 0.0


WINDOWS: Final = (
    *(Window(what, wide) for wide in (0.15, 0.35) for what in ("differs", "moves", "brighter")),
    *(Window(what, 0.2, 0.5, below) for below in (-0.6, 0.0, 0.6) for what in ("differs", "filled")),
    *(Window(what, 0.2, 0.0, below) for below in (-1.0, -0.5, 0.6) for what in ("differs", "filled")),
    Window("filled", 0.2),
)
"""Where is looked: at the slot; beside it, higher and lower, where whoever reaches for it stands; behind and before it."""
PARTS: Final = sum(2 if window.aside else 1 for window in WINDOWS)
"""How many numbers a profile has."""
REACHES: Final = (1.2, 1.6, 1.2)
"""Of the width of the box: so far aside of the slot, above and below it blocks are looked at."""
DEAD: Final = 1.5
"""Levels by which the mean of a block may differ for nothing: noise."""
FULL: Final = 15.0
"""So many levels more are as different as can be: dark sleeves and light ones, on light lids and dark ones, are to count alike."""
MOVES: Final = 240
"""Milliseconds, at least, between two pictures by which motion is judged."""
LAMP: Final = 0.12
"""The exposure changed by so much between them: a lamp, and no motion."""


class Profiler:
    """Measures the pictures of one camera, in order of time. Not for two threads."""

    def __init__(self, room: Luma, middle: tuple[float, float], breadth: int, seen: Inside, fill: int) -> None:
        """`room` is the brightness of the empty room, `middle` the slot's (row, column), `breadth` the width of the box in pixels, `seen` what of the picture no zone
        fills. Pixels up to `fill` were filled before the film was sent (-1 on raw film)."""
        (row, column), (aside, above, below) = middle, (round(part * breadth) for part in REACHES)
        height, width = room.shape
        self._crop = (_whole(row - above, row + below, height), _whole(column - aside, column + aside, width))
        self._fill = fill
        self._room = _means(room[self._crop].astype(np.float32))
        self._dark = self._room <= DARK
        weights = _weights(self._crop, middle, breadth, seen[self._crop])
        self._weights = {
            what: weights[[window.what == what for window, _ in _sided()]] for what in ("differs", "moves", "brighter", "filled")
        }
        self._before: deque[tuple[Instant, float, Floats, Inside]] = deque()

    def see(self, at: Instant, luma: Luma, light: float) -> Floats:
        """Return the profile of a picture, float32 [PARTS], each 0..1; `light` is its exposure against the room's."""
        part = luma[self._crop]
        apart = _means(part.astype(np.float32)) / np.float32(light) - self._room
        filled = (_means((part <= self._fill).astype(np.float32)) > 0.5) & ~self._dark
        apart[filled] = 0
        while len(self._before) > 1 and at - self._before[1][0] >= MOVES:
            self._before.popleft()
        moved = np.zeros_like(apart)
        if self._before and at - self._before[0][0] >= MOVES and abs(light - self._before[0][1]) <= LAMP:
            moved = np.where(filled | self._before[0][3], 0, apart - self._before[0][2])
        self._before.append((at, light, apart, filled))
        shares = {
            "differs": _share(np.abs(apart)),
            "moves": _share(np.abs(moved)),
            "brighter": _share(apart),
            "filled": filled.astype(np.float32),
        }
        each = {what: iter((weights @ shares[what].ravel()).tolist()) for what, weights in self._weights.items()}
        return np.array([number for window in WINDOWS for number in _told(window, each[window.what])], dtype=np.float32)


def _whole(first: float, last: float, size: int) -> slice:
    """Whole blocks from `first` to `last`, within the picture."""
    begin = min(max(0, int(first) // BLOCK * BLOCK), (size // BLOCK - 1) * BLOCK)
    return slice(begin, max(begin + BLOCK, min(-(-int(last) // BLOCK) * BLOCK, size // BLOCK * BLOCK)))


def _means(plane: Floats) -> Floats:
    rows, columns = plane.shape[0] // BLOCK, plane.shape[1] // BLOCK
    return np.asarray(plane.reshape(rows, BLOCK, columns, BLOCK).mean(axis=(1, 3)), dtype=np.float32)


def _share(apart: Floats) -> Floats:
    return np.asarray(np.clip((apart - DEAD) / FULL, 0, 1), dtype=np.float32)


def _sided() -> list[tuple[Window, int]]:
    """Each window with the side on which it is."""
    return [(window, side) for window in WINDOWS for side in ((-1, 1) if window.aside else (0,))]


def _weights(crop: tuple[slice, slice], middle: tuple[float, float], breadth: int, seen: Inside) -> Floats:
    """How much each block counts in each window, [windows, blocks]; a window that lies outside the picture, or is filled for good, counts nothing."""
    rows, columns = (np.arange(part.start, part.stop, dtype=np.float32) for part in crop)
    found = []
    for window, side in _sided():
        down = (rows - middle[0]) / breadth - window.below
        right = (columns - middle[1]) / breadth - side * window.aside
        plane = np.exp(-((down**2)[:, None] + (right**2)[None, :]) / (2 * window.wide**2)).astype(np.float32)
        weights = _means(plane * seen).ravel()
        found.append(weights / max(float(weights.sum()), float(plane.size) * 1e-6))
    return np.asarray(np.stack(found), dtype=np.float32)


def _told(window: Window, numbers: Iterator[float]) -> list[float]:
    first = next(numbers)
    if not window.aside:
        return [first]
    second = next(numbers)
    return [max(first, second), min(first, second)]
