# SPDX-License-Identifier: Apache-2.0
"""What may look for people in a picture, and what it may answer: boxes, and nothing about who (objection 2)."""

from collections.abc import Callable, Sequence
from typing import Protocol

from kua.sight.boxes import Box, Kind
from kua.sight.raw import RawFrame
from kua.sight.stickers import Places

__all__ = ["Box", "Detector", "FindStickers", "Kind"]

FindStickers = Callable[[RawFrame], Places]
"""Says where printed stickers are in a picture with its filled zones filled. Keeps nothing of it; may raise whatever it likes, which says nothing."""


class Detector(Protocol):
    """Finds faces, heads and people.

    * It is shown pictures in order, with filled zones already filled, and may look at only some of them: no box says nothing.
    * Its boxes are in pixels of the picture that it was shown.
    * It keeps nothing of a picture after the call, and learns nothing about who is in it.
    * It raises whatever it likes when it fails: the caller fills the picture.
    """

    def look(self, picture: RawFrame) -> Sequence[Box]: ...
