# SPDX-License-Identifier: Apache-2.0
"""When is an hour over? By time that has passed, whatever the wall clock is set to; across a restart by the wall clock, as far as it says anything.

A step of the clock therefore neither ends an hour nor makes it longer; a box that was off ends at most one hour early.
"""

from typing import final

from kua.core.instant import Instant, Millis


@final
class Hourglass:
    """One stretch of at most `span`. `began` is the wall time that the log states for its beginning, `now` and `mono` are those of this start."""

    def __init__(self, span: Millis, began: Instant, now: Instant, mono: Millis) -> None:
        self._span, self._mono = span, mono
        self._before = max(0, now - began)
        """What had passed when this process began; a clock that has gone back says nothing."""

    def is_over(self, mono: Millis) -> bool:
        """Whether the stretch has lasted `span`."""
        return self._before + mono - self._mono >= self._span

    def turn(self, mono: Millis) -> None:
        """Begin the next stretch."""
        self._before, self._mono = 0, mono
