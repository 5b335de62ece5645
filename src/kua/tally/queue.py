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
"""bool [height / 16, width / 16] (rounded up), true where the picture is not the empty room: before margin, closing and hold are added."""
Weights = npt.NDArray[np.float64]
"""Persons per foreground block."""

BLOCK: Final = 16
"""Side of a block in pixels."""
BODY_HIGH: Final = 7.2
"""A standing body in head heights."""
BODY_WIDE: Final = 2.05
"""A clothed body with arms and its shadow, mean over the directions it may face, in head heights."""
EDGE: Final = 0.75
"""Blocks that a shape adds to its width and height because it touches them only in part."""
LOW: Final = 0.9
HIGH: Final = 1.25
"""Truth over estimate where shadows enlarge, and where people hide one another."""
FULL: Final = 0.95
"""A zone covered more than this is reckoned as covered this much: beyond it nothing can be told."""
LEAST: Final = 0.35
"""Less than this of a person is a shadow or a moved chair."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """People in a zone in one picture: between `lo` and `hi`, about `middle`."""

    lo: int
    hi: int
    middle: float


def block_shape(width: int, height: int) -> tuple[int, int]:
    """Return rows and columns of blocks of a picture."""
    return -(-height // BLOCK), -(-width // BLOCK)


def zone_blocks(polygons: Sequence[Sequence[tuple[int, int]]], width: int, height: int) -> Blocks:
    """Return the blocks whose middle lies in any of the polygons (1/10000 of width and height), by the even-odd rule."""
    rows, columns = block_shape(width, height)
    y = ((np.arange(rows) + 0.5) * BLOCK * 10_000 / height)[:, None]
    x = ((np.arange(columns) + 0.5) * BLOCK * 10_000 / width)[None, :]
    inside = np.zeros((rows, columns), np.bool_)
    for polygon in polygons:
        here = np.zeros((rows, columns), np.bool_)
        for (ax, ay), (bx, by) in zip(polygon, [*polygon[1:], *polygon[:1]], strict=True):
            if ay != by:
                here ^= ((ay > y) != (by > y)) & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
        inside |= here
    return inside


def person_blocks(heads: Sequence[tuple[int, int]], height: int, rows: int, margin: int = 0) -> npt.NDArray[np.float64]:
    """Return, for each row of blocks, how many blocks a person covers whose body's middle is there.

    `heads` are (row of the head's middle in 1/10000 of the height, head height in pixels); between and beyond them the height is taken to grow evenly with the row,
    as it does on a flat floor. `margin` is by how many blocks the mask was grown before it came here. Raises `Misused("tally.heads")` with fewer than two depths,
    or with heads that do not grow towards the camera.
    """
    if len({y for y, _ in heads}) < 2 or any(px <= 0 for _, px in heads):
        raise Misused("tally.heads", depths=len(heads))
    y = np.array([y * height / 10_000 for y, _ in heads])
    px = np.array([float(p) for _, p in heads])
    slope, base = np.polyfit(y, px, 1)
    if slope <= 0:
        raise Misused("tally.heads", depths=len(heads))
    middles = (np.arange(rows) + 0.5) * BLOCK
    # A body's middle is 3.1 heads below the head's middle; solve for the head above this row.
    below = BODY_HIGH / 2 - 0.5
    heads_above = (middles - below * base) / (1 + below * slope)
    head = np.maximum(slope * heads_above + base, float(px.min()) * 0.6)
    grown = EDGE + 2 * margin
    return np.asarray((BODY_HIGH * head / BLOCK + grown) * (BODY_WIDE * head / BLOCK + grown), np.float64)


def weights(heads: Sequence[tuple[int, int]], zone: Blocks, height: int, margin: int = 0) -> Weights:
    """Return what part of a person each block of the zone is worth, zero outside it. See `person_blocks` for arguments and errors."""
    area = person_blocks(heads, height, zone.shape[0], margin)
    return np.where(zone, (1.0 / area)[:, None], 0.0)


def estimate(foreground: Blocks, worth: Weights) -> Estimate:
    """Return how many people the foreground makes. More foreground never lowers `lo`, `middle` or `hi`; none gives nought.

    Raises `Misused("tally.shape")` if the two are of different shape.
    """
    if foreground.shape != worth.shape:
        raise Misused("tally.shape", foreground=str(foreground.shape), weights=str(worth.shape))
    covered, room = float(worth[foreground].sum()), float(worth.sum())
    if covered <= 0.0:
        return Estimate(0, 0, 0.0)
    # People who stand about a zone hide one another: of n bodies thrown on a room for C, C (1 - exp(-n / C)) is seen. This is its inverse.
    middle = -room * log(1.0 - min(covered / room, FULL))
    if middle < LEAST:
        return Estimate(0, 1, middle)
    return Estimate(max(0, floor(middle * LOW)), max(1, ceil(middle * HIGH)), middle)


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
            self._from, self._to, int(floor(np.median(los))), int(ceil(np.median(his))), int(np.percentile(los, 90, method="lower")),
            float(np.median(self._middles)), len(los),
        )  # fmt: skip
        self._from = self._to = None
        self._los, self._his, self._middles = [], [], []
        return counted
