# SPDX-License-Identifier: Apache-2.0
"""How many people stand in a zone, from what is not the empty room. It counts area, never persons: it cannot tell one from another, and keeps no picture.

The reckoning: a person standing at some depth covers a known number of blocks there, because the calibration gives the height of a head at that depth and
a body is in fixed proportion to its head. Each foreground block therefore is worth a known part of a person; the sum is the estimate. People who stand behind
one another cover less than that, shadows and raised arms more, so the result is always an interval. All figures of the interval were set on painted
rooms; they are not measured on real ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log
from typing import Final

import numpy as np
import numpy.typing as npt

from kua.core.errors import Misused
from kua.core.instant import Instant
from kua.tally.publish import Counted

Blocks = npt.NDArray[np.bool_]
"""bool [rows, columns] of blocks of 8 pixels over the padded picture, true where the picture is not the empty room, booths left out: before margin, closing and hold are added
(`Hider.foreground`)."""
Weights = npt.NDArray[np.int64]
"""Millionths of a person per foreground block: whole numbers, so that no order of adding changes a sum."""
WHOLE: Final = 1_000_000

BLOCK: Final = 8
"""Side of a block in pixels."""
PAD: Final = 16
"""Pictures are padded to multiples of this many pixels, so that both counts of blocks are even."""
BODY_HIGH: Final = 7.2
"""A standing body in head heights."""
BODY_WIDE: Final = 2.05
"""A clothed body with arms and its shadow, mean over the directions it may face, in head heights."""
EDGE: Final = 0.75
"""Blocks that a shape adds to its width and height because it touches them only in part."""
FULL: Final = 0.95
"""A zone covered more than this is reckoned as covered this much: beyond it nothing can be told."""
LEAST: Final = 0.35
"""Less than this of a person is a shadow or a moved chair."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the truth may lie from the reckoning: between `low` and `high` times it."""

    low: float
    high: float


LINE: Final = Reach(0.9, 1.25)
"""For a zone in which people stand and nobody else passes, such as a line."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """People in a zone in one picture: between `lo` and `hi`, about `middle`."""

    lo: int
    hi: int
    middle: float


def block_shape(width: int, height: int) -> tuple[int, int]:
    """Return rows and columns of blocks of a picture."""
    return -(-height // PAD) * (PAD // BLOCK), -(-width // PAD) * (PAD // BLOCK)


def zone_blocks(polygons: Sequence[Sequence[tuple[float, float]]], width: int, height: int) -> Blocks:
    """Return the blocks whose middle lies in any of the polygons (x and y as shares of width and height, 0..1), by the even-odd rule."""
    rows, columns = block_shape(width, height)
    y = ((np.arange(rows) + 0.5) * BLOCK / height)[:, None]
    x = ((np.arange(columns) + 0.5) * BLOCK / width)[None, :]
    inside = np.zeros((rows, columns), np.bool_)
    for polygon in polygons:
        here = np.zeros((rows, columns), np.bool_)
        for (ax, ay), (bx, by) in zip(polygon, [*polygon[1:], *polygon[:1]], strict=True):
            if ay != by:
                beyond = (bx - ax) * (y - ay) - (x - ax) * (by - ay)
                here ^= ((ay > y) != (by > y)) & ((beyond > 0) if by > ay else (beyond < 0))
        inside |= here
    return inside


class Heights:
    """Head heights by depth, as a calibration holds them: (row of the head's middle as a share of the height, head height in pixels). Between and beyond them the height is
    taken to grow evenly with the row, as it does on a flat floor."""

    def __init__(self, heads: Sequence[tuple[float, int]], height: int) -> None:
        """`height` is that of the picture. Raises `Misused("tally.heads")` with fewer than two depths, or with heads that do not grow towards the camera."""
        if len({y for y, _ in heads}) < 2 or any(px <= 0 for _, px in heads):
            raise Misused("tally.heads", depths=len(heads))
        px = np.array([float(p) for _, p in heads])
        slope, base = np.polyfit(np.array([y * height for y, _ in heads]), px, 1)
        if slope <= 0:
            raise Misused("tally.heads", depths=len(heads))
        self._slope, self._base, self._least = float(slope), float(base), float(px.min()) * 0.6

    def at_middle(self, rows: int) -> npt.NDArray[np.float64]:
        """Return, for each row of blocks, the head height in pixels of somebody whose body's middle is there."""
        return self._above(rows, BODY_HIGH / 2 - 0.5)

    def at_foot(self, rows: int) -> npt.NDArray[np.float64]:
        """Return, for each row of blocks, the head height in pixels of somebody who stands there."""
        return self._above(rows, BODY_HIGH - 0.5)

    def _above(self, rows: int, below: float) -> npt.NDArray[np.float64]:
        """`below` is how many heads the head's middle is above the row; solve for it."""
        y = (np.arange(rows) + 0.5) * BLOCK
        return np.asarray(
            np.maximum(self._slope * (y - below * self._base) / (1 + below * self._slope) + self._base, self._least), np.float64
        )


def person_blocks(heads: Sequence[tuple[float, int]], height: int, rows: int, margin: int = 0) -> npt.NDArray[np.float64]:
    """Return, for each row of blocks, how many blocks a person covers whose body's middle is there.

    `heads` and `height` are those of `Heights`, and so are the errors. `margin` is by how many blocks the mask was grown before it came here.
    """
    head = Heights(heads, height).at_middle(rows)
    grown = EDGE + 2 * margin
    return np.asarray((BODY_HIGH * head / BLOCK + grown) * (BODY_WIDE * head / BLOCK + grown), np.float64)


def weights(heads: Sequence[tuple[float, int]], zone: Blocks, height: int, margin: int = 0) -> Weights:
    """Return what part of a person each block of the zone is worth (millionths), zero outside it. See `person_blocks` for arguments and errors."""
    area = person_blocks(heads, height, zone.shape[0], margin)
    return np.where(zone, np.rint(WHOLE / area).astype(np.int64)[:, None], 0)


def estimate(foreground: Blocks, worth: Weights, reach: Reach = LINE) -> Estimate:
    """Return how many people the foreground makes. More foreground never lowers `lo`, `middle` or `hi`; none gives nought.

    Raises `Misused("tally.shape")` if the two are of different shape.
    """
    if foreground.shape != worth.shape:
        raise Misused("tally.shape", foreground=str(foreground.shape), weights=str(worth.shape))
    covered, room = int(worth[foreground].sum()) / WHOLE, int(worth.sum()) / WHOLE
    if covered <= 0.0:
        return Estimate(0, 0, 0.0)
    # People who stand about a zone hide one another: of n bodies thrown on a room for C, C (1 - exp(-n / C)) is seen. This is its inverse.
    middle = -room * log(1.0 - min(covered / room, FULL))
    if middle < LEAST:
        return Estimate(0, 1, middle)
    return Estimate(max(0, floor(middle * reach.low)), max(1, ceil(middle * reach.high)), middle)


class QueueCount:
    """Gathers the estimates of one interval. Not for several threads."""

    __slots__ = ("_from", "_his", "_los", "_middles", "_to")

    def __init__(self) -> None:
        self._from: Instant | None = None
        self._to: Instant | None = None
        self._los: list[int] = []
        self._his: list[int] = []
        self._middles: list[float] = []

    def add(self, at: Instant, seen: Estimate) -> None:
        """Take in what one picture shows."""
        self._from = at if self._from is None else min(self._from, at)
        self._to = at if self._to is None else max(self._to, at)
        self._los.append(seen.lo)
        self._his.append(seen.hi)
        self._middles.append(seen.middle)

    def close(self) -> Counted | None:
        """Return the interval's count and begin the next; None if no picture came. What comes back is raw: publish it through `publishable` only.

        `lo` and `hi` are the medians of the pictures' bounds (one person walking through does not make a line); `peak` is the greatest `lo` that held
        in at least a tenth of the pictures.
        """
        if self._from is None or self._to is None:
            return None
        los, his = np.array(self._los), np.array(self._his)
        counted = Counted(
            self._from, self._to, floor(float(np.median(los))), ceil(float(np.median(his))), int(np.percentile(los, 90, method="lower")),
            float(np.median(self._middles)), len(los),
        )  # fmt: skip
        self._from = self._to = None
        self._los, self._his, self._middles = [], [], []
        return counted
