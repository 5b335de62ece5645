# SPDX-License-Identifier: Apache-2.0
"""Reads QR codes with OpenCV. Gives texts and squares; what they must say is `kua.sight.code`'s matter."""

from collections.abc import Sequence

import cv2
import numpy as np

from kua.sight.code import Code
from kua.sight.grid import Plane


class QrReader:
    """Reads the codes of one picture after another. Not for two threads."""

    def __init__(self) -> None:
        self._detector = cv2.QRCodeDetector()

    def __call__(self, luma: Plane) -> Sequence[Code]:
        """Return the codes in `luma` (uint8 [height, width]) that decode. Raises what OpenCV raises for a picture that it cannot take."""
        found, texts, corners, _ = self._detector.detectAndDecodeMulti(luma)
        if not found or corners is None:
            return ()
        squares = np.asarray(corners, dtype=np.float64).reshape(-1, 4, 2)
        return [Code(text, *_inner(square)) for text, square in zip(texts, squares, strict=True) if text]


def _inner(square: np.typing.NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Return the upright rectangle between the two corners of each side; nothing is left of it where the code is turned by 45 degrees."""
    x, y = np.sort(square[:, 0]), np.sort(square[:, 1])
    return float(x[1]), float(y[1]), float(x[2]), float(y[2])
