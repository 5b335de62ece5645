# SPDX-License-Identifier: Apache-2.0
"""Faces: pre- and post-processing of the YuNet network (strides 8, 16, 32; one prior a cell). Landmarks that the network offers are not read."""

from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from kua.adapters.detectors.session import Session, best_of, blob_of
from kua.sight.boxes import Box

THRESHOLD: Final = 0.3
_STRIDES: Final = (8, 16, 32)
_WANTED: Final = [f"{part}_{stride}" for stride in _STRIDES for part in ("cls", "obj", "bbox")]


class Faces:
    """Finds faces in a BGR picture shrunk or enlarged to `width` pixels."""

    def __init__(self, weights: bytes, width: int, threshold: float = THRESHOLD) -> None:
        self._session = Session(weights)
        self._width, self._threshold = width, threshold

    def find(self, picture: npt.NDArray[np.uint8]) -> list[Box]:
        """Return the faces of a BGR picture, in its pixels."""
        scale = self._width / picture.shape[1]
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        high, wide = -(-small.shape[0] // 32) * 32, -(-small.shape[1] // 32) * 32
        sheet = np.zeros((high, wide, 3), dtype=np.uint8)
        sheet[: small.shape[0], : small.shape[1]] = small
        outputs = self._session.run(blob_of(sheet), _WANTED)
        boxes, scores = [], []
        for at, stride in enumerate(_STRIDES):
            found, likely = _decoded(outputs[3 * at : 3 * at + 3], stride, wide // stride, self._threshold)
            boxes.append(found)
            scores.append(likely)
        return best_of(np.concatenate(boxes) / scale, np.concatenate(scores), "face", 0.45)


def _decoded(outputs: list[Any], stride: int, columns: int, threshold: float) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Corners and scores of the cells of one stride that are likely enough."""
    sure, there, shape = (np.asarray(output[0], dtype=np.float32) for output in outputs)
    scores = np.sqrt(np.clip(sure[:, 0], 0, 1) * np.clip(there[:, 0], 0, 1))
    keep = np.nonzero(scores > threshold)[0]
    row, column = np.divmod(keep, columns)
    middle = (shape[keep, :2] + np.stack([column, row], axis=1)) * stride
    half = np.exp(np.clip(shape[keep, 2:4], -8, 8)) * stride / 2
    return np.concatenate([middle - half, middle + half], axis=1).astype(np.float32), scores[keep]
