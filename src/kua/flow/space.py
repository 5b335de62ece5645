# SPDX-License-Identifier: Apache-2.0
"""What is given up for film when a disk runs short, and in which order (REC7). Removes nothing itself and reads no clock.

Previews go first, then film that the centre has receipted, oldest first; nothing else ever goes. When neither is left, film is made leaner while there is
still room, and after that time becomes a stated gap. What removing really freed is reported back: a disk that gives nothing back is left alone.
"""

from dataclasses import dataclass
from typing import Final, Literal

from kua.core.instant import Millis

PERCENT: Final = 5
"""Share of the disk that film leaves free, whatever the setting says."""
AHEAD: Final = 2
"""Segments of every camera that always find room beside the leaves."""
STRIKES: Final = 3
"""Files in a row that freed nothing before no more are removed."""
STUCK: Final = Millis(600_000)
"""How long a disk that gives nothing back is left alone before one more file is tried."""
LEAST_LEAN: Final = Millis(600_000)
"""How long film stays lean at least: receipts that trickle in must not swing it."""

Kind = Literal["preview", "received"]


def reserve_of(setting: int, disk: int, segment: int) -> int:
    """Return the bytes that film leaves free: `setting`, 5 % of the `disk`, or two segments of all cameras (`segment`: one of each), the largest."""
    return max(setting, disk * PERCENT // 100, AHEAD * segment)


@dataclass(frozen=True, slots=True)
class Fits:
    """There is room."""


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove the next thing of this kind, then report with `removed` and ask again."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class Full:
    """There is no room and nothing may go: the time becomes a gap."""


Step = Fits | Remove | Full


class Space:
    """One disk. `reserve` is what film leaves free; from twice as much on it is lean, if there is nothing to give up. All sizes are bytes."""

    def __init__(self, reserve: int) -> None:
        self.reserve = reserve
        self.is_lean = False
        """Whether film should be smaller than it is set to be."""
        self._lean_since = Millis(0)
        self._strikes = 0
        self._stuck_until: Millis | None = None

    def is_short(self, free: int, need: int) -> bool:
        """Whether it matters what could be given up: only then need anybody look for it."""
        return free - need < 2 * self.reserve or free < need or self.is_lean

    def step(self, free: int, need: int, now: Millis, *, preview: bool, received: bool) -> Step:
        """Return what to do so that `need` bytes can be written. `preview`, `received`: whether there is one that may go."""
        left = free - need
        may_go = (preview or received) and not self.is_stuck(now)
        self._lean(left, now, may_go=may_go)
        if left >= self.reserve and left >= 0:
            return Fits()
        if not may_go:
            return Full()
        return Remove("preview" if preview else "received")

    def removed(self, size: int, before: int, after: int, now: Millis) -> None:
        """Note what was free `before` and `after` a file of `size` bytes was removed."""
        if 2 * (after - before) >= size:
            self._strikes, self._stuck_until = 0, None
            return
        self._strikes += 1
        if self._strikes >= STRIKES:
            # One more is tried after a while; it alone decides.
            self._strikes, self._stuck_until = STRIKES - 1, Millis(now + STUCK)

    def is_stuck(self, now: Millis) -> bool:
        """Whether removing frees nothing, so that nothing is removed."""
        return self._stuck_until is not None and now < self._stuck_until

    def _lean(self, left: int, now: Millis, *, may_go: bool) -> None:
        if not self.is_lean:
            if left < 2 * self.reserve and not may_go:
                self.is_lean, self._lean_since = True, now
        elif now - self._lean_since >= LEAST_LEAN and (may_go or 2 * left >= 5 * self.reserve):
            self.is_lean = False
