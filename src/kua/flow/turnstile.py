# SPDX-License-Identifier: Apache-2.0
"""How many requests one address may make: a leaking bucket for each, in a table of bounded length. Knows no network."""

from collections import OrderedDict
from typing import Final, final

from kua.core.instant import Millis

PLACES: Final = 1024
"""Addresses that are remembered; the one that was seen longest ago is forgotten first."""


@final
class Turnstile:
    """Lets through `burst` at once and one more each `every` milliseconds. Not for two threads."""

    def __init__(self, burst: int, every: Millis, places: int = PLACES) -> None:
        self._burst, self._every, self._places = burst, every, places
        self._full: OrderedDict[str, int] = OrderedDict()
        """When the bucket of an address will be empty again."""

    def may(self, who: str, now: Millis) -> bool:
        """Say whether `who` may come through now, and count it if so."""
        empty = max(self._full.pop(who, now), now)
        passes = empty - now <= (self._burst - 1) * self._every
        self._full[who] = empty + self._every if passes else empty
        while len(self._full) > self._places:
            self._full.popitem(last=False)
        return passes
