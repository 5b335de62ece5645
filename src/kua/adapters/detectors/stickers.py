# SPDX-License-Identifier: Apache-2.0
"""Finds printed stickers (AprilTag 36h11) in a picture with OpenCV, and knows how each looks on paper. Says where a number is, and nothing else."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from kua.sight.raw import RawFrame
from kua.sight.reference import Reference
from kua.sight.stickers import STICKERS, Corners, is_convex

MODULES: Final = 8
"""Squares to a side of a sticker's black square, border included."""

_FAMILY: Final = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)


class StickerFinder:
    """Finds stickers. About seven milliseconds for 1280x720: once a second is meant."""

    def __init__(self) -> None:
        wanted = cv2.aruco.DetectorParameters()
        wanted.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
        wanted.errorCorrectionRate = 0.4
        self._detector = cv2.aruco.ArucoDetector(_FAMILY, wanted)

    def find(self, picture: RawFrame) -> dict[int, Corners]:
        """Return where the stickers are. A number that is seen twice is a copy, and is left out."""
        return self._found(picture.yuv[: picture.height], picture.width, picture.height)

    def find_in_room(self, room: Reference) -> dict[int, Corners]:
        """Return where the stickers of a learned room are."""
        return self._found(np.ascontiguousarray(room.yuv[: room.height]), room.width, room.height)

    def _found(self, luma: npt.NDArray[np.uint8], width: int, height: int) -> dict[int, Corners]:
        corners, numbers, _ = self._detector.detectMarkers(luma)
        if not corners:
            return {}
        known = [int(number) for number in numbers.reshape(-1)]
        found: dict[int, Corners] = {}
        for number, square in zip(known, corners, strict=True):
            shares = [(min(1.0, max(0.0, float(x) / width)), min(1.0, max(0.0, float(y) / height))) for x, y in square.reshape(4, 2)]
            place: Corners = (shares[0], shares[1], shares[2], shares[3])
            if number in STICKERS and known.count(number) == 1 and is_convex(place):
                found[number] = place
        return found


def modules_of(number: int) -> npt.NDArray[np.bool_]:
    """Return the black squares of a sticker, [MODULES, MODULES]."""
    return np.asarray(cv2.aruco.generateImageMarker(_FAMILY, number, MODULES, borderBits=1) < 128, dtype=np.bool_)
