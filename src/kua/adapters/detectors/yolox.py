# SPDX-License-Identifier: Apache-2.0
"""People: pre- and post-processing of the YOLOX network (strides 8, 16, 32; class 0 of COCO is a person). Other classes are not read."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from kua.adapters.detectors.session import Session, best_of, blob_of
from kua.sight.boxes import Box

THRESHOLD: Final = 0.2
_PAD: Final = 114


class People:
    """Finds people in a BGR picture shrunk or enlarged to `width` pixels."""

    def __init__(self, weights: bytes, width: int, threshold: float = THRESHOLD) -> None:
        self._session = Session(weights)
        self._width, self._threshold = width, threshold

    def find(self, picture: npt.NDArray[np.uint8]) -> list[Box]:
        """Return the people of a BGR picture, in its pixels."""
        scale = self._width / picture.shape[1]
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        high, wide = -(-small.shape[0] // 32) * 32, -(-small.shape[1] // 32) * 32
        sheet = np.full((high, wide, 3), _PAD, dtype=np.uint8)
        sheet[: small.shape[0], : small.shape[1]] = small
        rows = np.asarray(self._session.run(blob_of(sheet), None)[0][0], dtype=np.float32)
        grid = np.concatenate([_grid(high, wide, stride) for stride in (8, 16, 32)])
        scores = rows[:, 4] * rows[:, 5]
        keep = scores > self._threshold
        rows, grid = rows[keep], grid[keep]
        middle = (rows[:, :2] + grid[:, :2]) * grid[:, 2:]
        half = np.exp(np.clip(rows[:, 2:4], -8, 8)) * grid[:, 2:] / 2
        return best_of(np.concatenate([middle - half, middle + half], axis=1) / scale, scores[keep], "person", 0.5)


def _grid(high: int, wide: int, stride: int) -> npt.NDArray[np.float32]:
    """Column, row and stride of each cell, in the network's order."""
    rows, columns = np.mgrid[: high // stride, : wide // stride]
    return np.stack([columns.ravel(), rows.ravel(), np.full(rows.size, stride)], axis=1).astype(np.float32)
