# SPDX-License-Identifier: Apache-2.0
"""Zones of a camera's picture: polygons in relative coordinates, and which blocks of the picture they touch."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from kua.core.errors import Rejected
from kua.sight.grid import BLOCK, PAD, Mask

Point = tuple[float, float]
"""x and y as shares of the picture's width and height, 0..1."""
Polygon = tuple[Point, ...]
"""At least three points; edges may cross: whatever the outline touches or winds about is inside, so that no crossing leaves a hole."""

KINDS: Final = ("booth", "list", "screen", "slot", "box", "issue", "count", "show", "code", "door", "forbidden", "rest")
"""The kinds of zones a calibration knows (`7-election`, part 3)."""
UNIT: Final = 10_000
"""Coordinates in files are whole numbers of ten-thousandths."""


def polygon(points: Sequence[Point]) -> Polygon:
    """Check and return a polygon. Raises `Rejected("calibration.zone_outside")` and `Rejected("calibration.zone_shape")`."""
    if len(points) < 3:
        raise Rejected("calibration.zone_shape", points=len(points))
    for x, y in points:
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise Rejected("calibration.zone_outside", x=round(float(x), 4), y=round(float(y), 4))
    return tuple((float(x), float(y)) for x, y in points)


def read_zones(value: object) -> dict[str, tuple[Polygon, ...]]:
    """Read the `zones` object of a file: kind to a list of polygons, points in ten-thousandths.

    Raises `Rejected("calibration.zone_kind")` for an unknown kind, `zone_shape` for what is no polygon, `zone_outside` for a point outside.
    """
    if not isinstance(value, Mapping):
        raise Rejected("calibration.zone_shape", points=0)
    zones: dict[str, tuple[Polygon, ...]] = {}
    for kind, shapes in value.items():
        if kind not in KINDS:
            raise Rejected("calibration.zone_kind", kind=str(kind)[:40])
        zones[str(kind)] = tuple(polygon(_points(shape)) for shape in _listed(shapes))
    return zones


def _listed(value: object) -> Sequence[object]:
    if not isinstance(value, list | tuple):
        raise Rejected("calibration.zone_shape", points=0)
    return value


def _points(shape: object) -> list[Point]:
    points: list[Point] = []
    for point in _listed(shape):
        pair = _listed(point)
        if len(pair) != 2 or not all(isinstance(part, int) and not isinstance(part, bool) for part in pair):
            raise Rejected("calibration.zone_shape", points=len(points))
        x, y = pair
        points.append((int(str(x)) / UNIT, int(str(y)) / UNIT))
    return points


def write_zones(zones: Mapping[str, Sequence[Polygon]]) -> dict[str, list[list[list[int]]]]:
    """Return the `zones` object of a file."""
    return {kind: [[[round(x * UNIT), round(y * UNIT)] for x, y in shape] for shape in shapes] for kind, shapes in zones.items()}


def touched(shapes: Sequence[Polygon], width: int, height: int) -> Mask:
    """Return the blocks of every 16-pixel square that one of `shapes` touches, in a picture of `width` x `height` pixels: never less
    than the polygon."""
    rows, columns = -(-height // PAD), -(-width // PAD)
    mask = np.zeros((rows, columns), dtype=np.bool_)
    for shape in shapes:
        mask |= _touched(shape, width / PAD, height / PAD, rows, columns)
    return np.repeat(np.repeat(mask, PAD // BLOCK, axis=0), PAD // BLOCK, axis=1)


def within(shapes: Sequence[Polygon], width: int, height: int) -> Mask:
    """Return the pixels of a picture of `width` x `height` that lie inside one of `shapes` with all four corners: a part of what
    `touched` returns, at any size."""
    mask = np.zeros((height, width), dtype=np.bool_)
    for shape in shapes:
        corners = _winding(shape, width, height, height, width) != 0
        mask |= corners[:-1, :-1] & corners[1:, :-1] & corners[:-1, 1:] & corners[1:, 1:]
    return mask


def _touched(shape: Polygon, across: float, down: float, rows: int, columns: int) -> Mask:
    """One polygon, in units of squares: squares with a corner that the outline winds about, and squares that an edge passes through."""
    mask = np.zeros((rows, columns), dtype=np.bool_)
    points = [(x * across, y * down) for x, y in shape]
    for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1], strict=True):
        _walk(mask, x0, y0, x1, y1)
    corners = _winding(shape, across, down, rows, columns) != 0
    mask |= corners[:-1, :-1] | corners[1:, :-1] | corners[:-1, 1:] | corners[1:, 1:]
    return mask


def _winding(shape: Polygon, across: float, down: float, rows: int, columns: int) -> npt.NDArray[np.int32]:
    """How often the outline winds about each corner of the squares."""
    winding = np.zeros((rows + 1, columns + 1), dtype=np.int32)
    at_x, at_y = np.arange(columns + 1), np.arange(rows + 1)
    points = [(x * across, y * down) for x, y in shape]
    for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1], strict=True):
        crossing = (at_y >= min(y0, y1)) & (at_y < max(y0, y1))
        if crossing.any():
            where = x0 + (at_y[crossing] - y0) * (x1 - x0) / (y1 - y0)
            winding[crossing] += np.where(at_x[None, :] < where[:, None], 1 if y1 > y0 else -1, 0)
    return winding


def _walk(mask: Mask, x0: float, y0: float, x1: float, y1: float) -> None:
    """Mark every square that the edge passes through or only touches, row by row."""
    rows, columns = mask.shape
    if y0 > y1:
        x0, y0, x1, y1 = x1, y1, x0, y0
    slack = 1e-9
    for row in range(max(0, int(np.floor(y0 - slack))), min(rows - 1, int(np.floor(y1 + slack))) + 1):
        top, bottom = max(y0, float(row)), min(y1, float(row + 1))
        if y1 - y0 < slack:
            left, right = min(x0, x1), max(x0, x1)
        else:
            a = x0 + (min(top, y1) - y0) * (x1 - x0) / (y1 - y0)
            b = x0 + (max(bottom, y0) - y0) * (x1 - x0) / (y1 - y0)
            left, right = min(a, b), max(a, b)
        first, last = int(np.floor(left - slack)), int(np.floor(right + slack))
        mask[row, max(0, first) : min(columns - 1, last) + 1] = True
