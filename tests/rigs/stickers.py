# SPDX-License-Identifier: Apache-2.0
"""Printed stickers stuck into a drawn room, flat or seen from the side, for tests of what finds them and of what their places say."""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from kua.adapters.detectors.stickers import MODULES, modules_of
from kua.sight.stickers import NUMBERS, Sticker

Square = tuple[float, float, float]
"""Upper left corner and side in pixels."""


def stuck(yuv: Any, stickers: Mapping[int, Any]) -> Any:
    """Return a picture (yuv420p) with `stickers` on it: a square, or four corners of what was a square."""
    height, width = yuv.shape[0] * 2 // 3, yuv.shape[1]
    out = yuv.copy()
    for number, place in stickers.items():
        x, y, side = place if len(place) == 3 else (0, 0, 0)
        corners = np.array([(x, y), (x + side, y), (x + side, y + side), (x, y + side)] if len(place) == 3 else place, np.float32)
        sheet = np.full((MODULES + 2, MODULES + 2), 235, np.uint8)
        sheet[1:-1, 1:-1] = np.where(modules_of(number), 30, 235)
        sheet = np.kron(sheet, np.ones((16, 16), np.uint8))
        edge = 16.0 * np.array([(1, 1), (MODULES + 1, 1), (MODULES + 1, MODULES + 1), (1, MODULES + 1)], np.float32)
        matrix = cv2.getPerspectiveTransform(edge, corners)
        laid = cv2.warpPerspective(sheet, matrix, (width, height), flags=cv2.INTER_AREA)
        where = cv2.warpPerspective(np.full_like(sheet, 255), matrix, (width, height), flags=cv2.INTER_AREA)
        share = where.astype(np.float32) / 255
        out[:height] = (laid * share + out[:height] * (1 - share)).astype(np.uint8)
    return out


def number_of(what: Any, number: int, corner: int) -> int:
    return NUMBERS[Sticker(what, number, corner)]


def room_with(box: tuple[float, float] = (0, 0), lid: tuple[float, float] = (0, 0)) -> dict[int, Square]:
    """Stickers of a room of 640 x 360: three on walls, four on a box and two on its lid, which may be displaced, four on a booth."""
    places: dict[int, Square] = {
        number_of("wall", 1, 1): (40, 30, 30), number_of("wall", 1, 2): (300, 20, 30), number_of("wall", 1, 3): (580, 40, 30),
        number_of("booth", 1, 1): (60, 90, 26), number_of("booth", 1, 2): (150, 92, 26), number_of("booth", 1, 3): (152, 190, 26), number_of("booth", 1, 4): (62, 188, 26),
    }  # fmt: skip
    for corner, (x, y) in enumerate(((330, 190), (420, 190), (420, 270), (330, 270)), 1):
        places[number_of("box", 1, corner)] = (x + box[0], y + box[1], 28)
    for corner, x in ((1, 350), (2, 400)):
        places[number_of("lid", 1, corner)] = (x + box[0] + lid[0], 150 + box[1] + lid[1], 26)
    return places
