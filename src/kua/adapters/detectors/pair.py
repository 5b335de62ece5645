# SPDX-License-Identifier: Apache-2.0
"""The detector that kua uses: faces and people by turns, each as often as hiding needs, and everything at once for a single picture."""

from pathlib import Path
from typing import Final

import cv2
import numpy as np

from kua.adapters.detectors.yolox import People
from kua.adapters.detectors.yunet import Faces
from kua.adapters.models import installed
from kua.core.instant import Instant
from kua.sight.boxes import Box
from kua.sight.raw import RawFrame

FACES_EVERY: Final = 800
"""Milliseconds between two looks for faces: they add to people and to the allow-list, and cost the most."""
PEOPLE_EVERY: Final = 400
"""Milliseconds between two looks for people; a head that was found is held for 3 s and moved on meanwhile."""
_FACE_WIDTH: Final = 1280
_PEOPLE_WIDTH: Final = 640
_PEOPLE_AREA: Final = 640 * 384
_STILL_WIDTHS: Final = ((1280, 1920), (960, 1280))


class Pair:
    """Looks for faces and for people (a `Detector`). Either may be missing. Keeps times only, no picture."""

    def __init__(self, faces: bytes | None, people: bytes | None) -> None:
        self._faces, self._people = faces, people
        self._made: dict[tuple[str, int], Faces | People] = {}
        self._last: dict[str, Instant] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """What it can find: `face`, `person`."""
        return tuple(name for name, there in (("face", self._faces), ("person", self._people)) if there)

    def look(self, picture: RawFrame) -> list[Box]:
        """Return what was found; at most of the times nothing is looked for."""
        due = [
            (kind, width)
            for kind, width, every in (
                ("person", _people_width(picture.width, picture.height), PEOPLE_EVERY),
                ("face", _face_width(picture.width), FACES_EVERY),
            )
            if kind in self.names and self._due(kind, picture.at, every)
        ]
        if not due:
            return []
        pixels = cv2.cvtColor(picture.yuv, cv2.COLOR_YUV2BGR_I420)
        boxes: list[Box] = []
        for kind, width in due:
            self._last[kind] = picture.at
            boxes += self._finder(kind, width).find(np.asarray(pixels, dtype=np.uint8))
        return boxes

    def look_hard(self, picture: RawFrame) -> list[Box]:
        """Look at one picture at several sizes: for stills."""
        pixels = np.asarray(cv2.cvtColor(picture.yuv, cv2.COLOR_YUV2BGR_I420), dtype=np.uint8)
        boxes: list[Box] = []
        for kind, widths in zip(("face", "person"), _STILL_WIDTHS, strict=True):
            if kind in self.names:
                for width in widths:
                    boxes += self._finder(kind, width).find(pixels)
        return boxes

    def look_once(self, picture: RawFrame) -> list[Box]:
        """Look at one picture for people (for faces where people cannot be found), whatever the time: for learning a room."""
        pixels = np.asarray(cv2.cvtColor(picture.yuv, cv2.COLOR_YUV2BGR_I420), dtype=np.uint8)
        if "person" in self.names:
            return self._finder("person", _people_width(picture.width, picture.height)).find(pixels)
        return [box.grown(3) for box in self._finder("face", _face_width(picture.width)).find(pixels)]

    def _due(self, kind: str, at: Instant, every: int) -> bool:
        last = self._last.get(kind)
        # Half a millisecond of rounding in times must not cost a turn.
        return last is None or at < last or at - last >= every - 2

    def _finder(self, kind: str, width: int) -> Faces | People:
        key = (kind, width)
        if key not in self._made:
            weights = self._faces if kind == "face" else self._people
            if weights is None:
                raise LookupError(kind)
            self._made[key] = Faces(weights, width) if kind == "face" else People(weights, width)
        return self._made[key]


def _face_width(width: int) -> int:
    """Pictures up to 1280 wide are looked at in full size, but never smaller than 768."""
    return min(max(width, 768), _FACE_WIDTH)


def _people_width(width: int, height: int) -> int:
    """As wide as a picture of that shape is with the area of 640x384, in whole strides; small pictures are not enlarged beyond 416."""
    wide = int((_PEOPLE_AREA * width / height) ** 0.5) // 32 * 32
    return max(min(wide, _PEOPLE_WIDTH, max(416, -(-width // 32) * 32)), 32)


def open_detector(folder: Path) -> Pair | None:
    """Return the detector for the models in `folder`, or None where there are none. Raises `Rejected("model.hash")` for a wrong file."""
    weights = installed(folder)
    faces, people = weights.get("yunet_s_dynamic"), weights.get("yolox_nano_dynamic")
    return Pair(faces, people) if faces or people else None
