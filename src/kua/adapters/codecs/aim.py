# SPDX-License-Identifier: Apache-2.0
"""Pictures for the person who aims a camera: a raw JPEG, the hidden one beside it, and for how long nothing has moved. Kept in memory, never written.

Used by the process `kua.app.up_aim` alone, before a vote and outside it; that process refuses to run in the voting phase.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from kua.adapters.codecs.packets import jpeg_of
from kua.adapters.detectors.stickers import StickerFinder
from kua.core.errors import KuaError
from kua.core.instant import Instant
from kua.ports.source import Picture
from kua.sight.hider import Hider, Look
from kua.sight.raw import RawFrame
from kua.sight.safe import filled
from kua.sight.stickers import zones_of
from kua.sight.zones import write_zones

_SMALL: Final = (64, 36)
_LEVELS: Final = 10
"""A cell of the small picture that differs by more levels than this has changed; all cells together may drift with the light."""
_STICKERS: Final = 1_000
"""Milliseconds between two looks for stickers."""
_APART: Final = 600
"""Milliseconds between the two pictures that are held against each other."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What the page is given: two JPEG pictures of one moment (`sent` empty before there is a calibration), and what is known of them."""

    raw: bytes
    sent: bytes
    still_ms: int
    """For how long nothing has moved and, where a model looks, nobody was found."""
    people: int
    """People found by a model; -1 where none looks."""
    hidden: int
    """Per cent of the picture that is hidden; -1 without a calibration."""
    filled: str
    """Why the whole picture is filled, or empty."""
    zones: Mapping[str, list[list[list[int]]]] = field(default_factory=dict)
    """What the stickers in the picture would draw, as in a calibration file; nothing where a calibration hides already."""


class Aim:
    """Looks at the pictures of one source. Not for two threads."""

    def __init__(self, width: int, height: int, hider: Hider | None = None, look: Look | None = None, count: Look | None = None) -> None:
        """`look` finds people for the hider; `count` says who is in the room while it is being learned."""
        self._width, self._height = width, height
        self._hider, self._look, self._count = hider, look, count
        self._before: tuple[Instant, npt.NDArray[np.int16]] | None = None
        self._still_since: Instant | None = None
        self._people = -1
        self._finder, self._found_at = StickerFinder(), Instant(0)
        self._zones: Mapping[str, list[list[list[int]]]] = {}

    def see(self, picture: Picture, at: Instant, monotonic: Callable[[], int]) -> Glimpse:
        """Return what the page may show of one decoded picture. Whatever fails in hiding fills the sent picture."""
        raw = RawFrame(at, self._width, self._height, picture.planes(self._width, self._height))
        self._watch(raw)
        still = at - self._still_since if self._still_since is not None else 0
        shown = jpeg_of(raw.yuv)
        if self._hider is None:
            return Glimpse(shown, b"", still, self._people, -1, "", self._drawn_by_stickers(raw))
        try:
            safe = self._hider.watch(raw, self._look, monotonic) if self._look is not None else self._hider.step(raw)
        except KuaError:
            safe = filled(at, self._width, self._height, "error")
        share = int(100 * float(np.mean(safe.hidden)) + 0.5)
        return Glimpse(shown, jpeg_of(safe.yuv), still, self._people, share, safe.reason or "")

    def _drawn_by_stickers(self, raw: RawFrame) -> Mapping[str, list[list[list[int]]]]:
        if not self._found_at or raw.at - self._found_at >= _STICKERS or raw.at < self._found_at:
            self._found_at, self._zones = raw.at, write_zones(zones_of(self._finder.find(raw)))
        return self._zones

    def _watch(self, raw: RawFrame) -> None:
        if self._still_since is None:
            self._still_since = raw.at
        if self._before is not None and raw.at - self._before[0] < _APART:
            return
        small = cv2.resize(raw.yuv[: self._height], _SMALL, interpolation=cv2.INTER_AREA).astype(np.int16)
        if self._before is not None:
            change = small - self._before[1]
            if int((np.abs(change - int(np.median(change))) > _LEVELS).sum()) > 1:
                self._still_since = raw.at
        self._before = (raw.at, small)
        if self._count is not None:
            self._people = len(self._count(raw))
            if self._people:
                self._still_since = raw.at
