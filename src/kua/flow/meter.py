# SPDX-License-Identifier: Apache-2.0
"""How fast a line carries, measured on what was carried: bytes that the other side acknowledged, over the time in which anything was on its way. Reads no clock."""

from collections import deque
from typing import Final, final

from kua.core.instant import Millis

SPAN: Final = Millis(60_000)
"""Milliseconds over which the line is measured; what is older says nothing about now."""
TELLING: Final = 2_048
"""A part smaller than this says more about the line's delay than about its rate."""
CHUNK: Final = Millis(2_000)
"""A part of a file is what the line carries in so long: one that breaks off costs no more, and a statement never waits longer behind it."""
LEAST_CHUNK: Final = 4 * 1024
MOST_CHUNK: Final = 8 * 1024 * 1024
GROWTH: Final = 4
"""A part is at most so many times as large as the largest of late: what fits into the first buffer on the way seems to be carried at once."""
FIRST_CHUNK: Final = LEAST_CHUNK
"""Bytes of a part while nothing is known of the line."""


@final
class Meter:
    """Rate of one line over which several connections send at once. Times are monotonic."""

    def __init__(self) -> None:
        self._parts: deque[tuple[Millis, Millis, int]] = deque()
        """When each part began and ended, and its bytes, in the order of their ends."""

    def carried(self, size: int, began: Millis, ended: Millis) -> None:
        """Note that `size` bytes were sent and acknowledged between `began` and `ended`."""
        if size >= TELLING:
            self._parts.append((began, max(ended, Millis(began + 1)), size))
        self._forget(ended)

    def rate(self, now: Millis) -> int | None:
        """Return bits a second, None if nothing was carried of late."""
        self._forget(now)
        if not self._parts:
            return None
        busy, upto = 0, Millis(0)
        for began, ended, _ in sorted(self._parts):
            busy += max(0, ended - max(began, upto))
            upto = max(upto, ended)
        return sum(size for _, _, size in self._parts) * 8_000 // max(1, busy)

    def chunk(self, now: Millis) -> int:
        """Return how many bytes the next part should have."""
        rate = self.rate(now)
        if rate is None:
            return FIRST_CHUNK
        most = GROWTH * max(size for _, _, size in self._parts)
        return max(LEAST_CHUNK, min(MOST_CHUNK, most, rate * CHUNK // 8_000))

    def _forget(self, now: Millis) -> None:
        while self._parts and self._parts[0][1] < now - SPAN:
            self._parts.popleft()
