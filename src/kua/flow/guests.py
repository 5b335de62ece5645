# SPDX-License-Identifier: Apache-2.0
"""Whose co-signature becomes a leaf now: a bounded number of keys, each at its pace, all of them together at theirs. Knows no key and no log.

Whoever is in the room can make keys and signatures without end; the log must not grow by them without end.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, final

from kua.core.errors import Refused
from kua.core.instant import Millis

KEYS: Final = 12
"""Keys that a station's log ever takes."""
APART: Final = Millis(60_000)
"""Between two leaves of one key."""
BETWEEN: Final = Millis(10_000)
"""Between any two. A day of 26 hours has at most 9,360 such leaves, whoever does what."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who has co-signed the tree of `size` entries."""

    vkey: str
    size: int


@final
class Guests:
    """Decides. `now` is monotonic time; what the log says of earlier leaves is given at the start."""

    def __init__(self, stated: Mapping[str, int], between: Millis = BETWEEN) -> None:
        """`stated`: for each key that the log knows the largest size that it co-signed. `between`: how far apart any two must be."""
        self._stated, self._between = dict(stated), between
        self._at: dict[str, Millis] = {}
        self._last: Millis | None = None

    def require(self, waiting: Waiting, now: Millis) -> None:
        """Raise `Refused("guests.full" | "guests.not_newer" | "guests.too_soon")` if this one may not be stated now."""
        if waiting.vkey not in self._stated and len(self._stated) >= KEYS:
            raise Refused("guests.full", keys=KEYS)
        if waiting.size <= self._stated.get(waiting.vkey, 0):
            raise Refused("guests.not_newer", size=waiting.size, known=self._stated.get(waiting.vkey, 0))
        wait = self._wait(waiting.vkey, now)
        if wait > 0:
            raise Refused("guests.too_soon", seconds=-(-wait // 1000))

    def next(self, waiting: Iterable[Waiting], now: Millis) -> Waiting | None:
        """Return who comes first: whoever has never been stated, then whoever has waited longest. None if nobody may now."""
        able = [each for each in waiting if self._may(each, now)]
        return min(able, key=lambda each: (self._at.get(each.vkey, Millis(-1)), each.vkey), default=None)

    def stated(self, told: Waiting, now: Millis) -> None:
        """Note that a leaf was written."""
        self._stated[told.vkey] = max(told.size, self._stated.get(told.vkey, 0))
        self._at[told.vkey] = self._last = now

    def _may(self, waiting: Waiting, now: Millis) -> bool:
        try:
            self.require(waiting, now)
        except Refused:
            return False
        return True

    def _wait(self, vkey: str, now: Millis) -> int:
        own = self._at.get(vkey)
        return max(0 if own is None else own + APART - now, 0 if self._last is None else self._last + self._between - now)
