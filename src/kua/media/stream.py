# SPDX-License-Identifier: Apache-2.0
"""What a camera's compressed stream is like: its times, its key pictures, its parameter sets. Looks at packets one by one and decodes nothing."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from kua.core.instant import Instant

_START: Final = re.compile(rb"\x00\x00\x01")
_SPS: Final = {"h264": (0x1F, 0, 7), "hevc": (0x3F, 1, 33)}
"""Mask, shift and number of the parameter set that holds the picture's size (ITU-T H.264, table 7-1; H.265, table 7-1)."""


def parameter_sets(codec: str, data: bytes) -> list[bytes]:
    """Return the sequence parameter sets in a byte stream (annex B), in order; none for a codec that has none."""
    if codec not in _SPS:
        return []
    mask, shift, wanted = _SPS[codec]
    units = [unit.rstrip(b"\x00") for unit in _START.split(data)[1:]]
    return [unit for unit in units if unit and unit[0] >> shift & mask == wanted]


@dataclass(slots=True)
class Stream:
    """One stream as it was watched. `base` is the number of ticks in a second of its packets' times."""

    codec: str
    base: float
    packets: int = 0
    keys: int = 0
    duplicates: int = 0
    backward: int = 0
    worst_back: int = 0
    """Milliseconds of the largest step back."""
    longest_gop: int = 0
    """Milliseconds between two key pictures, at most."""
    sets: list[bytes] = field(default_factory=list)
    """Digests of the parameter sets in the order in which they came into force."""
    _first: int | None = None
    _top: int = 0
    _key: int | None = None
    _came: list[tuple[int, Instant]] = field(default_factory=list)

    def extradata(self, data: bytes) -> None:
        """Take what the description of the stream holds (SDP)."""
        self._sets(data)

    def see(self, pts: int, arrival: Instant, payload: bytes, *, key: bool) -> None:
        """Take one packet."""
        self.packets += 1
        if key:
            self.keys += 1
            if self._key is not None:
                self.longest_gop = max(self.longest_gop, self._millis(pts - self._key))
            self._key = pts
            self._sets(payload)
        if self._first is None:
            self._first = self._top = pts
        elif pts == self._top:
            self.duplicates += 1
        elif pts < self._top:
            self.backward += 1
            self.worst_back = max(self.worst_back, self._millis(self._top - pts))
        self._top = max(self._top, pts)
        self._came = [*self._came[:1], (self._top, arrival)] if len(self._came) > 1 else [*self._came, (self._top, arrival)]

    @property
    def span(self) -> int:
        """Milliseconds of media from the first packet to the latest."""
        return self._millis(self._top - self._first) if self._first is not None else 0

    @property
    def fps_milli(self) -> int:
        """Pictures in a thousand seconds."""
        return round((self.packets - 1) * 1_000_000 / self.span) if self.span else 0

    @property
    def speed_percent(self) -> int:
        """How fast it comes, in per cent of its own time; 100 where too little was seen to say."""
        if len(self._came) < 2 or self._came[1][1] <= self._came[0][1]:
            return 100
        return round(self._millis(self._came[1][0] - self._came[0][0]) * 100 / (self._came[1][1] - self._came[0][1]))

    @property
    def set_changes(self) -> int:
        """How often other parameter sets came into force."""
        return max(0, len(self.sets) - 1)

    def _sets(self, data: bytes) -> None:
        for unit in parameter_sets(self.codec, data):
            digest = hashlib.sha256(unit).digest()
            if not self.sets or self.sets[-1] != digest:
                self.sets.append(digest)

    def _millis(self, ticks: int) -> int:
        return round(ticks * 1000 / self.base)
