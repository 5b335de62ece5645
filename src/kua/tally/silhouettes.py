# SPDX-License-Identifier: Apache-2.0
"""Boxes of people without any model: connected parts of what differs from the empty room, parted where they are too wide for one person. Much coarser than
found boxes: people who stand close together are one silhouette, a chair that was moved is one too."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Final

import numpy as np
import numpy.typing as npt

from kua.tally.paths import Found
from kua.tally.queue import BLOCK, BODY_HIGH, BODY_WIDE, Blocks, Estimate, Heights, Reach

PART: Final = 0.4
"""What has less than this part of the blocks of a person is a shadow or a moved chair."""
LOW: Final = 0.4
"""And so is what is lower than this part of one."""
WIDE: Final = 1.8
"""A silhouette is one person for each so many widths of a person."""
HIGH: Final = 1.5
"""And one for each so many heights: people who stand behind one another."""
AMPLE: Final = 0.3
"""It is parted when so much of the next is there."""
STANDS: Final = 3
"""Blocks: what is nowhere so high is no part of anybody, but a tape in the wind."""
SCORE: Final = 0.6
"""What a silhouette is worth as a found box."""
FORM: Final = Reach(0.65, 1.15)
"""How far the truth may lie from the number of silhouettes; set on painted rooms (docs/design/counting.md)."""
SLACK: Final = 0.5
"""And so many people more: one may be hidden wholly."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A connected silhouette: rows and columns of its blocks, both ends of them included, and how many blocks it has."""

    top: int
    bottom: int
    left: int
    right: int
    blocks: int


class Silhouettes:
    """Finds boxes in masks of one camera. Keeps nothing of a picture."""

    def __init__(self, heads: Sequence[tuple[float, int]], height: int, rows: int) -> None:
        """`heads`, `height` and errors are those of `kua.tally.queue.person_blocks`; `rows` are those of the masks."""
        self._head = Heights(heads, height).at_foot(rows)
        self._far = int(np.count_nonzero(self._head <= self._head.min()))

    def find(self, foreground: Blocks) -> list[Found]:
        """Return a box for each person whom the mask is taken to show, by rows and columns."""
        return [box for shape, part in connected(upright(bridged(foreground))) for box in self._boxes(shape, part)]

    def reckon(self, foreground: Blocks) -> Estimate:
        """Return how many people one mask is taken to show, as an interval."""
        people = len(self.find(foreground))
        return Estimate(floor(people * FORM.low), ceil(people * FORM.high + SLACK), float(people))

    def _boxes(self, shape: Shape, part: Blocks) -> Iterator[Found]:
        if shape.bottom < self._far:  # nobody stands farther away than a floor can be seen
            return
        head = float(self._head[shape.bottom]) / BLOCK
        high, wide = BODY_HIGH * head, BODY_WIDE * head
        if shape.blocks < PART * high * wide or shape.bottom + 1 - shape.top < LOW * high:
            return
        for left, right in _parted(part.sum(axis=0), _whole(part.shape[1] / (WIDE * wide))):
            filled = np.flatnonzero(part[:, left:right].any(axis=1))
            if not len(filled):
                continue
            top, bottom = shape.top + int(filled[0]), shape.top + int(filled[-1]) + 1
            behind = _whole((bottom - top) / (HIGH * high))
            step = (bottom - top) / (behind + 1)
            for number in range(behind):
                foot = bottom - number * step
                x0, x1 = (shape.left + left) * BLOCK, (shape.left + right) * BLOCK
                yield Found(float(x0), (foot - 2 * step) * BLOCK, float(x1), foot * BLOCK, SCORE)


def _whole(times: float) -> int:
    return max(1, int(times + 1 - AMPLE))


def _parted(column: npt.NDArray[np.int64], parts: int) -> Iterator[tuple[int, int]]:
    """Cut a silhouette into `parts` from left to right, each cut where it is least high near an even part."""
    ends = [0]
    reach = max(1, len(column) // (4 * parts))
    for number in range(1, parts):
        even = round(number * len(column) / parts)
        low, high = max(ends[-1] + 1, even - reach), min(len(column) - 1, even + reach)
        ends.append(low + int(np.argmin(column[low : high + 1])) if low <= high else even)
    ends.append(len(column))
    return ((a, b) for a, b in zip(ends, ends[1:], strict=False) if a < b)


def bridged(mask: Blocks) -> Blocks:
    """Return the mask with single empty blocks between two of its own filled, up and down twice as far: a belt in the wall's colour cuts nobody in two."""
    out = mask.copy()
    out[1:-1] |= mask[:-2] & mask[2:]
    out[1:-2] |= mask[:-3] & mask[3:]
    out[2:-1] |= mask[:-3] & mask[3:]
    out[:, 1:-1] |= mask[:, :-2] & mask[:, 2:]
    return out


def upright(mask: Blocks) -> Blocks:
    """Return what of the mask stands `STANDS` blocks high without a break: a tape in the wind does not."""
    rows = mask.shape[0]
    stands = np.logical_and.reduce([mask[up : rows - STANDS + 1 + up] for up in range(STANDS)])
    out = np.zeros_like(mask)
    for up in range(STANDS):
        out[up : rows - STANDS + 1 + up] |= stands
    return out


def connected(mask: Blocks) -> list[tuple[Shape, Blocks]]:
    """Return the connected parts of a mask (by sides and corners), each with its own cut-out, from top to bottom."""
    left = {(int(row), int(column)) for row, column in zip(*np.nonzero(mask), strict=True)}
    parts = []
    for start in sorted(left):
        if start not in left:
            continue
        left.discard(start)
        part, edge = [start], [start]
        while edge:
            row, column = edge.pop()
            near = [(row + up, column + on) for up in (-1, 0, 1) for on in (-1, 0, 1)]
            fresh = [place for place in near if place in left]
            left.difference_update(fresh)
            part += fresh
            edge += fresh
        rows, columns = np.array(part).T
        shape = Shape(int(rows.min()), int(rows.max()), int(columns.min()), int(columns.max()), len(part))
        cut = np.zeros((shape.bottom - shape.top + 1, shape.right - shape.left + 1), np.bool_)
        cut[rows - shape.top, columns - shape.left] = True
        parts.append((shape, cut))
    return parts
