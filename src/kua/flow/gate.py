# SPDX-License-Identifier: Apache-2.0
"""Who may ask a server now, and when the others come back: after an outage all stations return at once, and each is given a time of its own.

The server declares how many requests a second it answers. Whoever is over that is told the next free place, so that those who were turned away come back at
the rate at which they can be served, and not together. Decides only.
"""

from typing import Final, final

from kua.core.instant import Millis

LONGEST: Final = Millis(600_000)
"""Nobody is sent away for longer: plans of ten minutes are stale."""
BURST: Final = 250_000
"""Microseconds by which requests may come before their place: nobody arrives evenly."""
SHARE: Final = 4
"""One of so many places is left to statements, which are small and matter most: film never fills them all."""


@final
class Gate:
    """`rate` requests a second, of which film has at most three quarters. `now` is monotonic in every call."""

    def __init__(self, rate: int) -> None:
        if rate < SHARE:
            raise ValueError(rate)
        self._step = 1_000_000 // rate
        self._film_step = 1_000_000 * SHARE // (rate * (SHARE - 1))
        self._next = self._film_next = self._promised = 0
        """Microseconds: when the next request, the next one for film, and the next that is told to come back has its place."""

    def wait(self, now: Millis, *, film: bool) -> Millis:
        """Return 0 and count the request if it may be answered now; otherwise how long it should wait until it asks again."""
        at = now * 1_000
        place = max(self._film_next if film else 0, self._next)
        if place <= at + BURST:
            self._next = max(self._next, at) + self._step
            if film:
                self._film_next = max(self._film_next, at) + self._film_step
            return Millis(0)
        self._promised = max(self._promised, place, at + 1_000_000) + (self._film_step if film else self._step)
        return Millis(min(LONGEST, (self._promised - at) // 1_000 + 1))
