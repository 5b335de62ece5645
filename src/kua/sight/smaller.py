# SPDX-License-Identifier: Apache-2.0
"""A signed calibration carried over to a smaller picture of the same view, for a computer that is too slow for the full size. Zones are shares of the
picture and stay; the room is averaged over areas, as the pictures themselves are. Nobody signs it: it follows from what was signed.
"""

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from kua.core.errors import Rejected
from kua.sight.calibration import Calibration, reference_digest
from kua.sight.grid import Mask, Plane, blocks_of, planes_of
from kua.sight.reference import Reference

LEAST_HEAD: Final = 8
"""Pixels of the smallest calibrated head below which pictures are not made smaller. Measured on a film with heads of 11 pixels: at three quarters of its
size 0.997 of them are covered, at half of it 0.985 (`docs/design/hiding.md`)."""

_Floats = npt.NDArray[np.float64]


def may_be(calibration: Calibration, height: int) -> bool:
    """Whether people are hidden as surely in pictures of that height: the smallest head must not become too small. Without heads nobody knows."""
    return bool(calibration.heads) and min(pixels for _, pixels in calibration.heads) * height >= LEAST_HEAD * calibration.height


def smaller(calibration: Calibration, room: Reference, width: int, height: int) -> tuple[Calibration, Reference]:
    """Return calibration and room for pictures of `width` x `height` pixels, both even and not larger than the signed ones.

    A tolerance becomes the mean of those it covers, since a mean strays no further than they do on average; a block is known where all of what it
    covers was known. Raises `Rejected("calibration.size")` for another size.
    """
    if not (16 <= width <= room.width and 16 <= height <= room.height) or width % 2 or height % 2:
        raise Rejected("calibration.size", width=width, height=height, wanted_width=room.width, wanted_height=room.height)
    rows, columns = blocks_of(width, height)
    tall, wide = room.height / height, room.width / width

    def carried(part: npt.NDArray[np.uint8] | Mask, unit: int) -> _Floats:
        return _shares(rows * unit, part.shape[0], tall) @ part.astype(np.float64) @ _shares(columns * unit, part.shape[1], wide).T

    less = Reference(
        width,
        height,
        _averaged(room, width, height),
        np.ceil(carried(room.luma_tolerance, 2)).astype(np.uint8),
        np.ceil(carried(room.chroma_tolerance, 2)).astype(np.uint8),
        np.ceil(carried(room.pixel_tolerance, 1)).astype(np.uint8),
        carried(room.known, 1) > 1 - 1e-9,
        room.samples,
        room.from_people,
    )
    heads = tuple((depth, max(1, round(pixels / tall))) for depth, pixels in calibration.heads)
    return replace(calibration, width=width, height=height, reference=reference_digest(less), noise=less.noise, heads=heads), less


def _averaged(room: Reference, width: int, height: int) -> Plane:
    planes = []
    for plane in planes_of(room.yuv, room.width, room.height):
        by = room.height // plane.shape[0]
        rows, columns = height // by, width // by
        mean = _shares(rows, plane.shape[0], plane.shape[0] / rows) @ plane @ _shares(columns, plane.shape[1], plane.shape[1] / columns).T
        planes.append(np.rint(mean).astype(np.uint8).reshape(-1))
    return np.concatenate(planes).reshape(height * 3 // 2, width)


def _shares(new: int, old: int, scale: float) -> _Floats:
    """Return by how much each of `old` units enters each of `new` ones that are `scale` times as long; beyond the end the last one counts."""
    begin = np.minimum(np.arange(new) * scale, old - 1e-6)[:, None]
    end = np.minimum((np.arange(new) + 1) * scale, old)[:, None]
    at = np.arange(old)[None, :]
    shares = np.clip(np.minimum(end, at + 1) - np.maximum(begin, at), 0, None)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))
