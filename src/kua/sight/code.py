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
    """Says which blocks of the code zones show a valid code."""

    def __init__(self, read: ReadCodes, valid: ValidCodes) -> None:
        self._read, self._valid = read, valid
        self._seen: tuple[Instant, frozenset[str]] = (Instant(-1), frozenset())

    def read_at(self, at: Instant) -> Collection[str]:
        """Return the valid codes that were read in the newest picture, if that is the one of `at`."""
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
            codes = [code for code in self._read(part) if code.text in valid] if valid else []
        except Exception:  # noqa: BLE001 - whatever a reader throws, nothing was read and nothing is shown
            return shown
        self._seen = (picture.at, frozenset(code.text for code in codes))
        for code in codes:
            shown[_inside(Box(code.x0 + left, code.y0 + top, code.x1 + left, code.y1 + top, 1.0, "head"))] = True
        return shown & zone


def _inside(box: Box) -> tuple[slice, slice]:
    """The rows and columns of blocks that lie wholly inside `box`."""
    top, left = max(0, -int(-box.y0 // BLOCK)), max(0, -int(-box.x0 // BLOCK))
    return slice(top, max(top, int(box.y1 // BLOCK))), slice(left, max(left, int(box.x1 // BLOCK)))
