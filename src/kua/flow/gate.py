# SPDX-License-Identifier: Apache-2.0
"""Who may ask a server now, and when the others come back: after an outage all stations return at once, and each is given a time of its own.

The server declares how many requests a second it answers, refusals among them. Whoever comes when the places are taken is promised the next free one, and it
is kept for him: so he is sent away once, and those who were sent away come back at the rate at which they can be served. Decides only.
"""

from collections import deque
from typing import Final, final

from kua.core.instant import Millis

LONGEST: Final = Millis(600_000)
"""Nobody is sent away for longer: plans of ten minutes are stale."""
BURST: Final = 250_000
"""Microseconds by which requests may come before their place: nobody arrives evenly."""
SOON: Final = 1_000_000
"""Microseconds: nobody is asked to come back sooner, since waits are told in seconds."""
KEPT: Final = 60_000_000
"""Microseconds that a promised place is kept after its time."""
PROMISES: Final = 2
"""Places that one sender may be promised at once: he has two lanes."""
SHARE: Final = 0.35
"""Film has this share of what is declared, statements as much; the rest is for refusals, and for waits being told in whole seconds."""


@final
class _Row:
    """Places, one each `step` microseconds."""

    def __init__(self, rate: float) -> None:
        self._step = int(1_000_000 / rate)
        self._next = 0
        """When the next place is that nobody has and nobody was promised."""
        self._promised: dict[str, deque[int]] = {}

    def ask(self, at: int, who: str) -> int:
        """Return 0 if `who` has a place now, otherwise the microseconds until the one that he is promised."""
        mine = self._mine(at, who)
        if mine and mine[0] <= at:
            mine.popleft()
            if not mine:
                del self._promised[who]
            return 0
        if not mine and self._next <= at + BURST:
            self._next = max(self._next, at) + self._step
            return 0
        return self.promise(at, who)

    def promise(self, at: int, who: str) -> int:
        """Keep a place for `who` and return the microseconds until then. Whoever has as many as he may is told the last of them."""
        mine = self._mine(at, who)
        if mine is None:
            mine = self._promised.setdefault(who, deque())
        if len(mine) < PROMISES:
            self._next = max(self._next, at + SOON) + self._step
            mine.append(self._next)
        return mine[-1] - at

    def is_crowded(self, at: int) -> bool:
        """Whether there is no free place soon."""
        return self._next > at + BURST // 2

    def _mine(self, at: int, who: str) -> deque[int] | None:
        mine = self._promised.get(who)
        while mine and mine[0] < at - KEPT:
            mine.popleft()
        return mine


@final
class Gate:
    """`rate` requests a second, refusals among them. `now` is monotonic in every call, `who` names a sender."""

    def __init__(self, rate: int) -> None:
        if rate <= 0:
            raise ValueError(rate)
        self._film, self._said = _Row(rate * SHARE), _Row(rate * SHARE)

    def wait(self, now: Millis, who: str, *, film: bool) -> Millis:
        """Return 0 and count the request if it may be answered now; otherwise how long `who` should wait until he asks again."""
        return _told((self._film if film else self._said).ask(now * 1_000, who))

    def after(self, now: Millis, who: str) -> Millis:
        """Return how long `who`, whose film was taken just now, should wait with the next; 0 while there are free places.

        Said with the answer it costs nothing; a refusal would cost a request.
        """
        return _told(self._film.promise(now * 1_000, who)) if self._film.is_crowded(now * 1_000) else Millis(0)


def _told(wait: int) -> Millis:
    return Millis(min(LONGEST, -(-wait // 1_000)))
