# SPDX-License-Identifier: Apache-2.0
"""When to try again after a failure: exponential back-off with full jitter. Decides only; it draws no random number and waits for nothing."""

from typing import Final

from kua.core.instant import Millis

BASE: Final = Millis(1_000)
"""The first wait is at most this long."""
CEILING: Final = Millis(60_000)
"""No wait is longer."""
HEALTHY: Final = Millis(60_000)
"""After so long without a failure the next one counts as the first."""


class Backoff:
    """Waits of one thing that is tried again and again. Times are monotonic.

    Full jitter: the wait is a random share of min(60 s, 1 s x 2^failures), so that many stations that lost one centre, or cameras that lost one
    switch, do not come back in step.
    """

    def __init__(self) -> None:
        self._failures = 0
        self._up_since: Millis | None = None

    def worked(self, now: Millis) -> None:
        """Note that it works. Call it as often as you like."""
        if self._up_since is None:
            self._up_since = now
        elif now - self._up_since >= HEALTHY:
            self._failures = 0

    def failed(self, now: Millis, share: float, *, slow: bool = False) -> Millis:
        """Return how long to wait before the next try. `share` is a random number, 0 <= share < 1.

        `slow` is for an answer that trying again does not change (a refused password): half to the whole of the ceiling at once, so that no
        camera locks its account.
        """
        if self._up_since is not None:
            self.worked(now)
        self._up_since = None
        reach = min(CEILING, BASE << min(self._failures, 16))
        self._failures += 1
        if slow:
            return Millis(CEILING // 2 + int(share * (CEILING // 2)))
        return Millis(int(share * reach))
