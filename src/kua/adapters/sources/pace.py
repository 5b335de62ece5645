# SPDX-License-Identifier: Apache-2.0
"""Handing packets over at the speed at which a camera would: waits on a monotonic clock that it is given."""

from kua.core.instant import Millis
from kua.ports.source import Opening


class Pace:
    """Holds packets back until their media time has come, counted from the first one."""

    def __init__(self, opening: Opening) -> None:
        self._clock, self._wait = opening.clock, opening.wait
        self._zero: tuple[int, float] | None = None

    def wait_for(self, media_ms: float) -> None:
        """Return when `media_ms` has come. A reader that is late waits for nothing and catches up."""
        now = self._clock.monotonic()
        if self._zero is None:
            self._zero = (now, media_ms)
        left = self._zero[0] + media_ms - self._zero[1] - now
        if left > 0:
            self._wait(Millis(max(1, round(left))))
