# SPDX-License-Identifier: Apache-2.0
"""Has anything arrived lately? Decides by ages on a monotonic clock that it is told; it kills nothing."""

from typing import Final

from kua.core.instant import Millis

PACKET_AGE: Final = Millis(5_000)
"""A camera that has sent no packet for so long is silent (I2)."""


class Watchdog:
    """The age of the last sign of life of one thing, and whether it is too old."""

    def __init__(self, now: Millis, limit: Millis = PACKET_AGE) -> None:
        self._limit = limit
        self._last = now

    def fed(self, now: Millis) -> None:
        """Note a sign of life."""
        self._last = max(self._last, now)

    def left(self, now: Millis) -> Millis:
        """Return how long the thing may stay silent from `now` on; 0 when it is too late."""
        return Millis(max(0, self._limit - (now - self._last)))

    def is_starved(self, now: Millis) -> bool:
        """Return whether the last sign of life is too old."""
        return self.left(now) == 0
