# SPDX-License-Identifier: Apache-2.0
"""The liveness code in a picture: where it is read and says what it must, its own square may be sharp. Draws no code and knows no checkpoint."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kua.core.instant import Instant
from kua.sight.boxes import Box
from kua.sight.grid import BLOCK, Mask, Plane, planes_of
from kua.sight.raw import RawFrame

LONGEST: Final = 200
"""Longer texts are no liveness code."""
AGAIN: Final = 1_000
"""Milliseconds between two readings of the zone."""
APART: Final = 24
"""Levels (of 256) by which a block may differ in the mean from what was read, before the code must be read anew."""


@dataclass(frozen=True, slots=True)
class Code:
    """A code that was read: its text, and where it is in the picture that was given, in pixels."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float


ReadCodes = Callable[[Plane], Sequence[Code]]
"""Reads the codes in a picture of brightness, uint8 [height, width]."""
ValidCodes = Callable[[Instant], Collection[str]]
"""The texts that are valid at a moment; they come from the latest national checkpoint."""


class CodeGate:
    """Says which blocks of the code zones show a valid code. Not for two threads.

    Reading takes long, so it is done once in `AGAIN`; in between a code counts as long as its own square looks to the block as it did when it was read.
    """

    def __init__(self, read: ReadCodes, valid: ValidCodes) -> None:
        self._read, self._valid = read, valid
        self._seen: tuple[Instant, frozenset[str]] = (Instant(-1), frozenset())
        self._looked: tuple[Instant, tuple[int, int], list[tuple[Code, Plane]]] | None = None

    def read_at(self, at: Instant) -> Collection[str]:
        """Return the valid codes that are to be read in the newest picture, if that is the one of `at`."""
        return self._seen[1] if self._seen[0] == at else frozenset()

    def shows(self, picture: RawFrame, zone: Mask) -> Mask:
        """Return the blocks of `zone` that lie wholly inside a valid code. A reader that fails has read nothing."""
        self._seen = (picture.at, frozenset())
        shown = np.zeros(zone.shape, dtype=np.bool_)
        rows, columns = np.flatnonzero(zone.any(axis=1)), np.flatnonzero(zone.any(axis=0))
        if not len(rows):
            return shown
        top, left = int(rows[0]) * BLOCK, int(columns[0]) * BLOCK
        luma = planes_of(picture.yuv, picture.width, picture.height)[0]
        part = np.ascontiguousarray(luma[top : (int(rows[-1]) + 1) * BLOCK, left : (int(columns[-1]) + 1) * BLOCK])
        try:
            valid = {text for text in self._valid(picture.at) if 0 < len(text) <= LONGEST}
            codes = [code for code in self._codes(picture.at, (top, left), part) if code.text in valid] if valid else []
        except Exception:  # noqa: BLE001 - whatever a reader throws, nothing was read and nothing is shown
            return shown
        self._seen = (picture.at, frozenset(code.text for code in codes))
        for code in codes:
            shown[_inside(Box(code.x0 + left, code.y0 + top, code.x1 + left, code.y1 + top, 1.0, "head"))] = True
        return shown & zone

    def _codes(self, at: Instant, place: tuple[int, int], part: Plane) -> list[Code]:
        """Return the codes in `part`, read now or a moment ago and still there."""
        if self._looked is not None and 0 <= at - self._looked[0] < AGAIN and self._looked[1] == place:
            return [code for code, square in self._looked[2] if _alike(_square(part, code), square)]
        self._looked = (at, place, [])
        self._looked = (at, place, [(code, _square(part, code).copy()) for code in self._read(part)])
        return [code for code, _ in self._looked[2]]


def _square(part: Plane, code: Code) -> Plane:
    return part[max(0, int(code.y0)) : int(code.y1) + 1, max(0, int(code.x0)) : int(code.x1) + 1]


def _alike(one: Plane, other: Plane) -> bool:
    """Whether no block of 8 by 8 pixels differs by more than `APART` in the mean: a finger over a corner is enough to differ."""
    if one.shape != other.shape or not one.size:
        return False
    differs = np.abs(one.astype(np.int16) - other.astype(np.int16))
    rows, columns = (np.arange(0, length, 8) for length in differs.shape)
    sums = np.add.reduceat(np.add.reduceat(differs, rows, axis=0, dtype=np.int32), columns, axis=1)
    sizes = np.diff(np.append(rows, differs.shape[0]))[:, None] * np.diff(np.append(columns, differs.shape[1]))[None, :]
    return bool((sums <= APART * sizes).all())


def _inside(box: Box) -> tuple[slice, slice]:
    """The rows and columns of blocks that lie wholly inside `box`."""
    top, left = max(0, -int(-box.y0 // BLOCK)), max(0, -int(-box.x0 // BLOCK))
    return slice(top, max(top, int(box.y1 // BLOCK))), slice(left, max(left, int(box.x1 // BLOCK)))
